package placement

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/goccy/go-yaml"
)

// Node is where a service runs.
type Node struct {
	// Address is where it is reached, by the driver and by the others: host:port, by
	// commas where there are several copies, or a name that stands for all of them.
	Address string `yaml:"address"`
	// Control is where each copy's control is. Without one, the service is nobody's
	// to prepare: one's own.
	Control string `yaml:"control"`
}

// Nodes tells of each service where it runs.
type Nodes map[string]Node

// ReadNodes reads a file of them: per service, its address and its control. Errors
// name the file and the line.
func ReadNodes(name string, text []byte) (Nodes, error) {
	var nodes Nodes
	if err := yaml.UnmarshalWithOptions(text, &nodes, yaml.Strict()); err != nil {
		var y yaml.Error
		if errors.As(err, &y) && y.GetToken() != nil {
			p := y.GetToken().Position
			return nil, fmt.Errorf("%s:%d:%d: %s", name, p.Line, p.Column, strings.TrimSpace(y.GetMessage()))
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for service, n := range nodes {
		for _, list := range []string{n.Address, n.Control} {
			for address := range strings.SplitSeq(list, ",") {
				if _, _, err := net.SplitHostPort(address); list != "" && err != nil {
					return nil, fmt.Errorf("%s: %s: %q is not host:port", name, service, address)
				}
			}
		}
	}
	return nodes, nil
}

// Addresses returns where each service is reached.
func (n Nodes) Addresses() map[string]string {
	out := make(map[string]string, len(n))
	for service, node := range n {
		out[service] = node.Address
	}
	return out
}

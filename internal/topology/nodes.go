package topology

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

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
	// Cache is for how long such a service may answer with what it was told before; 0
	// is never.
	Cache time.Duration `yaml:"cache"`
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
		switch {
		case n.Cache < 0:
			return nil, fmt.Errorf("%s: %s: cache: %v is negative", name, service, n.Cache)
		case n.Cache > 0 && n.Control != "":
			return nil, fmt.Errorf("%s: %s: cache is for a service of your own, which has no control", name, service)
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

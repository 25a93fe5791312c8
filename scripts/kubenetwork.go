//go:build ignore

package main

import (
	"fmt"
	"slices"
	"strings"
)

// checkEdges holds the connections that are allowed against those that are wanted.
func (c *check) checkEdges(want []string) {
	var got []string
	for _, from := range c.workloads {
		for _, to := range c.workloads {
			for _, container := range list(to.pod, "containers") {
				for _, p := range list(container, "ports") {
					port := int(number(get(p, "containerPort")))
					edge := fmt.Sprintf("%s>%s:%d", title(from), title(to), port)
					if c.allowed("egress", from, to, port) && c.allowed("ingress", to, from, port) && !slices.Contains(got, edge) {
						got = append(got, edge)
					}
				}
			}
		}
	}
	for _, edge := range want {
		if !slices.Contains(got, edge) {
			c.fail("network policies do not allow %s", edge)
		}
	}
	for _, edge := range got {
		if !slices.Contains(want, edge) {
			c.fail("network policies allow %s", edge)
		}
	}
}

// title is what an edge calls a pod.
func title(w workload) string {
	for _, key := range []string{"crosstalk/service", "crosstalk/role", "app.kubernetes.io/name"} {
		if name, ok := w.labels[key].(string); ok {
			return name
		}
	}
	return w.name
}

// allowed tells whether the policies of one pod let it have a connection with
// another, at the port of the one that is asked. A pod that no policy of the direction
// is for may have all.
func (c *check) allowed(direction string, of, other workload, port int) bool {
	bound := false
	peers, asked := "from", of
	if direction == "egress" {
		peers, asked = "to", other
	}
	for _, p := range c.policies {
		if !matches(sub(p, "spec", "podSelector"), of.labels) || !slices.ContainsFunc(list(p, "spec", "policyTypes"), func(t any) bool {
			return strings.EqualFold(fmt.Sprint(t), direction)
		}) {
			continue
		}
		bound = true
		for _, rule := range list(p, "spec", direction) {
			peer := slices.ContainsFunc(list(rule, peers), func(peer any) bool {
				return get(peer, "namespaceSelector") == nil && matches(sub(peer, "podSelector"), other.labels)
			})
			if peer && slices.ContainsFunc(list(rule, "ports"), func(p any) bool { return portOf(asked, text(p, "port")) == port }) {
				return true
			}
		}
	}
	return !bound
}

// portOf returns the number of a pod's port by its name or number; 0 is none.
func portOf(w workload, name string) int {
	for _, container := range list(w.pod, "containers") {
		for _, p := range list(container, "ports") {
			if number := int(number(get(p, "containerPort"))); text(p, "name") == name || fmt.Sprint(number) == name {
				return number
			}
		}
	}
	return 0
}

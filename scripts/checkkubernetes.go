//go:build ignore

// Checkkubernetes checks what schemas cannot say of manifests: that what names
// something else names something, that pods are probed, limited and restricted, and
// who can reach whom:
// go run scripts/checkkubernetes.go scripts/kubenetwork.go MANIFESTS.yaml [EDGE...].
//
// An EDGE is FROM>TO:PORT, by the pods' app or service. All of them are given, and
// those that the network policies allow are held against them.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

type object = map[string]any

// workload is what makes pods.
type workload struct {
	kind, name string
	labels     object
	spec, pod  object
}

// check is the manifests, and what is wrong with them.
type check struct {
	workloads []workload
	policies  []object
	names     map[string]bool // kind/name of everything
	objects   []object
	wrong     []string
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: checkkubernetes MANIFESTS.yaml [EDGE...]")
		os.Exit(2)
	}
	c := &check{names: make(map[string]bool)}
	if err := c.read(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, w := range c.workloads {
		c.checkPod(w)
		c.checkDrivers(w)
		c.checkReferences(w)
	}
	c.checkSelectors()
	c.checkEdges(os.Args[2:])
	for _, w := range c.wrong {
		fmt.Fprintln(os.Stderr, os.Args[1]+": "+w)
	}
	if len(c.wrong) > 0 {
		os.Exit(1)
	}
	fmt.Printf("%s: %d objects, %d workloads, %d connections allowed\n", os.Args[1], len(c.objects), len(c.workloads), len(os.Args)-2)
}

func (c *check) fail(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

func (c *check) read(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	decoder := yaml.NewDecoder(file)
	for {
		var o object
		if err := decoder.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		c.objects = append(c.objects, o)
		kind, name := text(o, "kind"), text(o, "metadata", "name")
		c.names[kind+"/"+name] = true
		switch kind {
		case "NetworkPolicy":
			c.policies = append(c.policies, o)
		case "Deployment", "Job":
			template := get(o, "spec", "template")
			c.workloads = append(c.workloads, workload{kind, name, sub(template, "metadata", "labels"), sub(o, "spec"), sub(template, "spec")})
		}
	}
}

// checkPod holds the pods to the restricted standard, and to what a run needs.
func (c *check) checkPod(w workload) {
	must := func(ok bool, what string) {
		if !ok {
			c.fail("%s %s: %s", w.kind, w.name, what)
		}
	}
	must(get(w.pod, "securityContext", "runAsNonRoot") == true, "may run as root")
	must(text(w.pod, "securityContext", "seccompProfile", "type") == "RuntimeDefault", "has no seccomp profile")
	must(get(w.pod, "automountServiceAccountToken") == false, "gets a token of the cluster")
	for _, container := range list(w.pod, "containers") {
		name := text(container, "name")
		must(get(container, "securityContext", "allowPrivilegeEscalation") == false, name+" may gain privileges")
		must(fmt.Sprint(get(container, "securityContext", "capabilities", "drop")) == "[ALL]", name+" keeps capabilities")
		for _, bound := range []string{"requests", "limits"} {
			for _, resource := range []string{"cpu", "memory"} {
				must(get(container, "resources", bound, resource) != nil, name+" has no "+bound+" of "+resource)
			}
		}
		if w.kind != "Deployment" {
			continue
		}
		for _, probe := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
			must(get(container, probe) != nil, name+" has no "+probe)
		}
	}
	if sleep := get(w.pod, "containers", 0, "lifecycle", "preStop", "sleep", "seconds"); sleep != nil {
		grace, err := time.ParseDuration(variable(get(w.pod, "containers", 0), "CROSSTALK_GRACE"))
		must(err == nil, "has no CROSSTALK_GRACE")
		must(number(sleep)+grace.Seconds() < number(get(w.pod, "terminationGracePeriodSeconds")), "is killed before preStop and its grace are over")
	}
}

// checkDrivers holds a job of several drivers to what those of one run have to agree on.
func (c *check) checkDrivers(w workload) {
	n := number(get(w.spec, "completions"))
	if w.kind != "Job" || n < 2 {
		return
	}
	for _, want := range []string{fmt.Sprintf("--drivers=%v", n), "--attach=$(JOB_COMPLETION_INDEX)"} {
		if args := fmt.Sprint(get(w.pod, "containers", 0, "args")); !slices.Contains(strings.Fields(strings.Trim(args, "[]")), want) {
			c.fail("Job %s: its %v drivers are not told %s", w.name, n, want)
		}
	}
	if number(get(w.spec, "parallelism")) != n || text(w.spec, "completionMode") != "Indexed" {
		c.fail("Job %s: its %v drivers do not run at the same time, each with an index", w.name, n)
	}
	if text(w.spec, "backoffLimitPerIndex") != "0" || text(w.pod, "restartPolicy") != "Never" {
		c.fail("Job %s: a driver is started a second time, which the others do not wait for", w.name)
	}
	if get(w.spec, "backoffLimit") != nil {
		c.fail("Job %s: a driver that fails takes the others' results with it", w.name)
	}
}

// checkReferences looks up the ConfigMaps and Secrets that a pod reads.
func (c *check) checkReferences(w workload) {
	for _, v := range list(w.pod, "volumes") {
		if name := text(v, "configMap", "name"); name != "" && !c.names["ConfigMap/"+name] {
			c.fail("%s %s: there is no ConfigMap %s", w.kind, w.name, name)
		}
	}
	for _, container := range list(w.pod, "containers") {
		for _, e := range list(container, "env") {
			if name := text(e, "valueFrom", "secretKeyRef", "name"); name != "" && !c.names["Secret/"+name] {
				c.fail("%s %s: there is no Secret %s", w.kind, w.name, name)
			}
		}
	}
}

// checkSelectors looks for the pods that selectors are meant for.
func (c *check) checkSelectors() {
	covered := make(map[string]bool)
	for _, o := range c.objects {
		kind, name := text(o, "kind"), text(o, "metadata", "name")
		switch kind {
		case "Deployment":
			if !matches(sub(o, "spec", "selector"), sub(o, "spec", "template", "metadata", "labels")) {
				c.fail("Deployment %s: selects none of its own pods", name)
			}
		case "Service":
			found := c.selected(object{"matchLabels": get(o, "spec", "selector")})
			if len(found) != 1 {
				c.fail("Service %s: stands for the pods of %d workloads", name, len(found))
			}
			for _, w := range found {
				for _, port := range list(o, "spec", "ports") {
					if portOf(w, text(port, "targetPort")) != int(number(get(port, "port"))) {
						c.fail("Service %s: %s has no port %s %v", name, w.name, text(port, "targetPort"), get(port, "port"))
					}
				}
			}
		case "PodDisruptionBudget":
			found := c.selected(sub(o, "spec", "selector"))
			if len(found) != 1 {
				c.fail("PodDisruptionBudget %s: is for the pods of %d workloads", name, len(found))
			}
			for _, w := range found {
				covered[w.name] = true
			}
		case "NetworkPolicy":
			if selector := sub(o, "spec", "podSelector"); len(selector) > 0 && len(c.selected(selector)) == 0 {
				c.fail("NetworkPolicy %s: is for no pod", name)
			}
		}
	}
	for _, w := range c.workloads {
		if w.kind == "Deployment" && number(get(w.spec, "replicas")) > 1 && !covered[w.name] {
			c.fail("Deployment %s: has no PodDisruptionBudget", w.name)
		}
	}
}

func (c *check) selected(selector object) (found []workload) {
	for _, w := range c.workloads {
		if matches(selector, w.labels) {
			found = append(found, w)
		}
	}
	return found
}

// matches tells whether labels are those that a selector asks for.
func matches(selector, labels object) bool {
	for key, value := range sub(selector, "matchLabels") {
		if labels[key] != value {
			return false
		}
	}
	for _, e := range list(selector, "matchExpressions") {
		if text(e, "operator") != "In" || !slices.Contains(list(e, "values"), labels[text(e, "key")]) {
			return false // the manifests have no other operator
		}
	}
	return true
}

func variable(container any, name string) string {
	for _, e := range list(container, "env") {
		if text(e, "name") == name {
			return text(e, "value")
		}
	}
	return ""
}

// get follows keys and indexes down; nil is what is not there.
func get(v any, path ...any) any {
	for _, step := range path {
		switch key := step.(type) {
		case string:
			o, _ := v.(object)
			v = o[key]
		case int:
			l, _ := v.([]any)
			if key >= len(l) {
				return nil
			}
			v = l[key]
		}
	}
	return v
}

func sub(v any, path ...any) object { o, _ := get(v, path...).(object); return o }
func list(v any, path ...any) []any { l, _ := get(v, path...).([]any); return l }

func text(v any, path ...any) string {
	if v = get(v, path...); v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func number(v any) float64 {
	var n float64
	_, _ = fmt.Sscan(fmt.Sprint(v), &n)
	return n
}

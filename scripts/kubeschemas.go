//go:build ignore

// Kubeschemas makes the JSON Schemas that kubeconform reads, from Kubernetes' own
// OpenAPI description and from custom resource definitions in JSON:
// go run scripts/kubeschemas.go SWAGGER.json FOLDER [CRD.json...].
//
// They are strict: a field that the description does not know is refused.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

type object = map[string]any

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: kubeschemas SWAGGER.json FOLDER [CRD.json...]")
		os.Exit(2)
	}
	n, err := write(os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%d schemas\n", n)
}

func write(swagger, dir string, crds []string) (n int, err error) {
	description, err := read(swagger)
	if err != nil {
		return 0, err
	}
	definitions, _ := description["definitions"].(object)
	for _, d := range definitions {
		tighten(d)
	}
	if err := save(dir, "definitions", object{"definitions": definitions}); err != nil {
		return 0, err
	}
	for name, d := range definitions {
		kinds, _ := d.(object)["x-kubernetes-group-version-kind"].([]any)
		if len(kinds) != 1 {
			continue // options of requests, which are of every group
		}
		kind := kinds[0].(object)
		file := fileOf(kind["kind"], kind["group"], kind["version"])
		if err := save(dir, file, object{"$ref": "definitions.json#/definitions/" + name}); err != nil {
			return n, err
		}
		n++
	}
	for _, path := range crds {
		made, err := custom(path, dir)
		if err != nil {
			return n, fmt.Errorf("%s: %w", path, err)
		}
		n += made
	}
	return n, nil
}

// custom writes the schema of each version of a custom resource.
func custom(path, dir string) (n int, err error) {
	crd, err := read(path)
	if err != nil {
		return 0, err
	}
	spec := crd["spec"].(object)
	for _, v := range spec["versions"].([]any) {
		version := v.(object)
		schema := version["schema"].(object)["openAPIV3Schema"].(object)
		schema["properties"].(object)["metadata"] = object{"type": "object"}
		tighten(schema)
		file := fileOf(spec["names"].(object)["kind"], spec["group"], version["name"])
		if err := save(dir, file, schema); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// fileOf names a schema as kubeconform asks for it: deployment-apps-v1.
func fileOf(kind, group, version any) string {
	parts := []string{fmt.Sprint(kind)}
	if first, _, _ := strings.Cut(fmt.Sprint(group), "."); first != "" {
		parts = append(parts, first)
	}
	return strings.ToLower(strings.Join(append(parts, fmt.Sprint(version)), "-"))
}

// tighten has a schema, and all within it, refuse unknown fields, and take numbers
// where Kubernetes does.
func tighten(schema any) {
	switch s := schema.(type) {
	case []any:
		for _, part := range s {
			tighten(part)
		}
	case object:
		for _, part := range s {
			tighten(part)
		}
		_, open := s["additionalProperties"]
		if _, ok := s["properties"].(object); ok && !open && s["x-kubernetes-preserve-unknown-fields"] != true {
			s["additionalProperties"] = false
		}
		description, _ := s["description"].(string)
		if s["format"] == "int-or-string" || s["x-kubernetes-int-or-string"] == true || strings.HasPrefix(description, "Quantity is a ") {
			for _, key := range []string{"type", "format", "anyOf", "pattern"} {
				delete(s, key)
			}
			s["oneOf"] = []any{object{"type": "string"}, object{"type": "number"}}
		}
	}
}

func read(path string) (object, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out object
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

func save(dir, name string, schema object) error {
	text, err := json.Marshal(schema)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".json"), text, 0o600)
}

package experiment

import (
	"errors"

	"github.com/goccy/go-yaml/ast"

	"crosstalk/internal/setting"
)

// services reads the list of services, each a map of name, entity and needs.
func (f *File) services(node ast.Node) ([]Service, error) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return nil, f.wrong(node, "services: write a list, a service each: - {name: D, needs: [A, B]}")
	}
	services := make([]Service, len(list.Values))
	for i, item := range list.Values {
		fields, ok := fieldsOf(item)
		if !ok {
			return nil, f.wrong(item, "services: a service is a map, as in {name: D, needs: [A, B]}")
		}
		for _, field := range fields {
			if err := f.service(field, &services[i]); err != nil {
				return nil, err
			}
		}
	}
	return services, nil
}

func fieldsOf(node ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// service reads one field of a service.
func (f *File) service(field *ast.MappingValueNode, to *Service) (err error) {
	switch name := field.Key.GetToken().Value; name {
	case "name":
		to.Name, err = scalarOf(field.Value)
	case "entity":
		to.Entity, err = scalarOf(field.Value)
	case "needs":
		to.Needs, err = f.needs(field.Value)
		return err
	default:
		known := []string{"name", "entity", "needs"}
		return f.wrong(field.Key, "services: a service has no %q%s: name, entity, needs", short(name), setting.DidYouMean(name, known))
	}
	if err != nil {
		return f.wrong(field.Value, "services: %s: %v", field.Key.GetToken().Value, err)
	}
	return nil
}

func (f *File) needs(node ast.Node) ([]Need, error) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return nil, f.wrong(node, "services: needs: write a list, as in [A, 'B timeout=50ms retry=2']")
	}
	var needs []Need
	for _, item := range list.Values {
		text, err := scalarOf(item)
		var n Need
		if err == nil {
			err = n.UnmarshalText([]byte(text))
		}
		if err != nil {
			return nil, f.wrong(item, "services: needs: %v", err)
		}
		needs = append(needs, n)
	}
	return needs, nil
}

// scalarOf returns a value that is one text.
func scalarOf(node ast.Node) (string, error) {
	switch node.(type) {
	case *ast.SequenceNode, *ast.MappingNode, *ast.MappingValueNode:
		return "", errors.New("write it as one text, not as a list or a map; a need with a policy is 'B timeout=50ms retry=2'")
	}
	return textOf(node, ",")
}

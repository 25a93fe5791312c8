package experiment

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"crosstalk/internal/suggest"
)

// File is an experiment file: YAML whose keys are the names of the settings. A
// value may be written as on the command line, or as a list or map of the parts
// that it puts commas between.
type File struct {
	name    string
	entries []*ast.MappingValueNode
}

// ReadFile parses an experiment file. Errors name the file's line and column.
func ReadFile(name string, data []byte) (*File, error) {
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, located(name, err)
	}
	f := &File{name: name}
	for _, doc := range tree.Docs {
		switch body := doc.Body.(type) {
		case nil, *ast.NullNode, *ast.CommentGroupNode:
		case *ast.MappingNode:
			f.entries = append(f.entries, body.Values...)
		case *ast.MappingValueNode:
			f.entries = append(f.entries, body)
		default:
			return nil, fmt.Errorf("%s: is not a list of settings", f.at(body))
		}
	}
	return f, nil
}

// Decode writes the file's settings over those of e. A key that is no setting is
// an error.
func (f *File) Decode(e *Experiment) error {
	settings := make(map[string]Text)
	for _, s := range e.Settings() {
		settings[s.Name] = s.Value
	}
	for _, entry := range f.entries {
		name := entry.Key.GetToken().Value
		if name == "services" {
			e.Services = nil
			if err := yaml.NodeToValue(entry.Value, &e.Services, yaml.Strict()); err != nil {
				return f.wrap(entry.Value, name, err)
			}
			continue
		}
		value, ok := settings[name]
		if !ok {
			return fmt.Errorf("%s: there is no setting %q%s", f.at(entry.Key), name, suggest.DidYouMean(name, append(e.names(), "services")))
		}
		text, err := textOf(entry.Value, separator(value))
		if err == nil {
			err = value.UnmarshalText([]byte(text))
		}
		if err != nil {
			return f.wrap(entry.Value, name, err)
		}
	}
	return nil
}

// Where returns FILE:LINE:COLUMN of what is wrong; not ok if it is not in the file.
func (f *File) Where(wrong *Error) (place string, ok bool) {
	for _, entry := range f.entries {
		if entry.Key.GetToken().Value != wrong.Setting {
			continue
		}
		if list, is := entry.Value.(*ast.SequenceNode); is && wrong.Part > 0 && wrong.Part <= len(list.Values) {
			return f.at(list.Values[wrong.Part-1]), true
		}
		return f.at(entry.Key), true
	}
	return "", false
}

// at is where a node begins. A map in lines begins with its first key, though its
// own token is that key's colon.
func (f *File) at(node ast.Node) string {
	switch n := node.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			node = n.Values[0].Key
		}
	case *ast.MappingValueNode:
		node = n.Key
	}
	p := node.GetToken().Position
	return fmt.Sprintf("%s:%d:%d", f.name, p.Line, p.Column)
}

func (f *File) wrap(node ast.Node, setting string, err error) error {
	var y yaml.Error
	if errors.As(err, &y) && y.GetToken() != nil {
		return located(f.name, err)
	}
	return fmt.Errorf("%s: %s: %w", f.at(node), setting, err)
}

// located puts a YAML error on one line: FILE:LINE:COLUMN: MESSAGE.
func located(name string, err error) error {
	var y yaml.Error
	if errors.As(err, &y) && y.GetToken() != nil {
		p := y.GetToken().Position
		return fmt.Errorf("%s:%d:%d: %s", name, p.Line, p.Column, strings.TrimSpace(y.GetMessage()))
	}
	return fmt.Errorf("%s: %w", name, err)
}

// separator returns what stands between the parts of a value: a comma, unless
// the value says otherwise.
func separator(value Text) string {
	if s, ok := value.(interface{ Separator() string }); ok {
		return s.Separator()
	}
	return ","
}

// textOf returns a value as the command line has it.
func textOf(node ast.Node, separator string) (string, error) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode, *ast.BoolNode:
		return node.GetToken().Value, nil
	case *ast.SequenceNode:
		return join(n.Values, separator, textOf)
	case *ast.MappingNode:
		return join(n.Values, separator, pairOf)
	case *ast.MappingValueNode:
		return pairOf(n, separator)
	case *ast.NullNode:
		return "", errors.New("has no value")
	case *ast.AnchorNode, *ast.AliasNode:
		return "", errors.New("YAML's anchors and aliases (&name, *name) are not read here: write the value itself")
	case *ast.TagNode:
		return "", errors.New("YAML's tags (!name) are not read here: write the value alone")
	case *ast.LiteralNode:
		return "", errors.New("must stand on one line, without | or >")
	}
	return "", fmt.Errorf("is not a value, a list or a map, but YAML's %s", strings.ToLower(node.Type().String()))
}

func pairOf(n *ast.MappingValueNode, separator string) (string, error) {
	value, err := textOf(n.Value, separator)
	return n.Key.GetToken().Value + "=" + value, err
}

func join[N any](nodes []N, separator string, text func(N, string) (string, error)) (string, error) {
	parts := make([]string, len(nodes))
	for i, n := range nodes {
		var err error
		if parts[i], err = text(n, separator); err != nil {
			return "", err
		}
	}
	return strings.Join(parts, separator), nil
}

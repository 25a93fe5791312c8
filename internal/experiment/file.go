package experiment

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"crosstalk/internal/policy"
	"crosstalk/internal/setting"
)

// File is an experiment file: YAML whose keys are the names of the settings. A
// value may be written as on the command line, or as a list or map of the parts
// that it puts commas between.
type File struct {
	name    string
	entries []*ast.MappingValueNode
}

// largestFile bounds, in bytes, what is parsed, and deepest how many brackets and braces
// are open at once: a file that somebody wrote has some hundred lines, and some levels.
const (
	largestFile = 1 << 20
	deepest     = 100
)

// byteOrderMark begins the files of some editors. It says nothing of UTF-8.
const byteOrderMark = "\ufeff"

// ReadFile parses an experiment file. Errors are one line, and name the file's line and
// column.
func ReadFile(name string, data []byte) (*File, error) {
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	if err := readable(name, data); err != nil {
		return nil, err
	}
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, located(name, err)
	}
	f := &File{name: name}
	for _, doc := range tree.Docs {
		if doc.Body != nil && len(f.entries) > 0 {
			return nil, f.wrong(doc.Body, "a second document begins before this line, behind ---: write one experiment a file")
		}
		switch body := doc.Body.(type) {
		case nil, *ast.NullNode, *ast.CommentGroupNode:
		case *ast.MappingNode:
			f.entries = append(f.entries, body.Values...)
		case *ast.MappingValueNode:
			f.entries = append(f.entries, body)
		default:
			return nil, f.wrong(body, "is not a list of settings")
		}
	}
	return f, nil
}

// readable refuses what is no text that a person wrote, ahead of the parser.
func readable(name string, data []byte) error {
	if len(data) > largestFile {
		return fmt.Errorf("%s:1:1: is larger than %d kB: this is no experiment file", name, largestFile>>10)
	}
	line, open := 1, 0
	for rest := data; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && size == 1, r == 0:
			return fmt.Errorf("%s:%d:1: is not text in UTF-8", name, line)
		case r == '\n':
			line++
		case r == '[' || r == '{':
			open++
		case (r == ']' || r == '}') && open > 0:
			open--
		}
		if open > deepest {
			return fmt.Errorf("%s:%d:1: more than %d brackets are open", name, line, deepest)
		}
		rest = rest[size:]
	}
	return nil
}

// dropEmpty drops the settings whose text is empty, and so their zero value.
func (f *File) dropEmpty() {
	f.entries = slices.DeleteFunc(f.entries, func(entry *ast.MappingValueNode) bool {
		text, ok := entry.Value.(*ast.StringNode)
		return ok && text.Value == ""
	})
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
			var err error
			if e.Services, err = f.services(entry.Value); err != nil {
				return err
			}
			continue
		}
		value, ok := settings[name]
		if !ok {
			return f.wrong(entry.Key, "there is no setting %q%s", short(name), setting.DidYouMean(name, append(e.names(), "services")))
		}
		err := inOneText(name, entry.Value)
		if err == nil {
			err = decodeText(entry.Value, value)
		}
		if err != nil {
			return f.wrong(entry.Value, "%s: %v", name, err)
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

// wrong says in one line what is wrong with a node: FILE:LINE:COLUMN: MESSAGE.
func (f *File) wrong(node ast.Node, format string, args ...any) error {
	return fmt.Errorf("%s: %s", f.at(node), short(fmt.Sprintf(format, args...)))
}

// located puts a YAML error on one line as well. One that names no place is said of the
// first.
func located(name string, err error) error {
	line, column, message := 1, 1, err.Error()
	var y yaml.Error
	if errors.As(err, &y) {
		message = y.GetMessage()
		if t := y.GetToken(); t != nil && t.Position != nil {
			line, column = max(t.Position.Line, 1), max(t.Position.Column, 1)
		}
	}
	return fmt.Errorf("%s:%d:%d: %s", name, line, column, short(message))
}

// longestMessage bounds what is said of a setting: a message quotes what it refuses.
const longestMessage = 300

// short puts a text on one line of a bounded length.
func short(text string) string {
	line := []rune(strings.Join(strings.Fields(text), " "))
	for i, r := range line {
		if !unicode.IsPrint(r) {
			line[i] = '?'
		}
	}
	if len(line) > longestMessage {
		return string(line[:longestMessage/2]) + " ... " + string(line[len(line)-longestMessage/3:])
	}
	return string(line)
}

// inOneText refuses a policy that is written as a list, or as a map of its parts: these
// are parted by spaces, and what is parted by commas is for several services.
func inOneText(setting string, node ast.Node) error {
	if setting != "policy" {
		return nil
	}
	refused := fmt.Errorf("write its parts as one text, as in 'timeout=50ms retry=2', or D: 'timeout=50ms retry=2' for one service")
	switch n := node.(type) {
	case *ast.SequenceNode:
		return refused
	case *ast.MappingNode:
		for _, pair := range n.Values {
			if inOneText(setting, pair) != nil {
				return refused
			}
		}
	case *ast.MappingValueNode:
		switch n.Value.(type) {
		case *ast.SequenceNode, *ast.MappingNode, *ast.MappingValueNode:
			return refused
		}
		if slices.Contains(policy.Policy{}.Words(), n.Key.GetToken().Value) {
			return refused
		}
	}
	return nil
}

func decodeText(node ast.Node, value Text) error {
	text, err := textOf(node, separator(value))
	if err != nil {
		return err
	}
	return value.UnmarshalText([]byte(text))
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

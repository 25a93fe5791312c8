package result

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/internal/policy"
)

var update = flag.Bool("update", false, "write run.schema.json anew")

// The schema is what the types say: names and types of the fields, what may be missing,
// their ranges by the tag schema, and their doc comments.
func TestSchemaIsOfTheTypes(t *testing.T) {
	g := &generator{T: t, docs: docsOf(t, "../result", "../counts", "../policy", "../theory"), defs: make(map[string]object)}
	root := g.structOf(reflect.TypeFor[Run]())
	root["$schema"], root["title"], root["$defs"] = "https://json-schema.org/draft/2020-12/schema", "Crosstalk run.json", g.defs
	root["properties"].(object)["schema"].(object)["const"] = SchemaVersion
	var want bytes.Buffer
	e := json.NewEncoder(&want)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(root); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("run.schema.json", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(Schema(), want.Bytes()) {
		t.Error("run.schema.json is not what the types say: go test ./internal/result -run SchemaIsOfTheTypes -update")
	}
}

type object = map[string]any

type generator struct {
	*testing.T
	docs map[string]string // by PACKAGE.TYPE.FIELD, and by PACKAGE.TYPE
	defs map[string]object
}

var enums = map[reflect.Type]func() []string{
	reflect.TypeFor[Verdict](): func() []string {
		return []string{string(OK), string(Interrupted), string(Invalid), string(Wrong)}
	},
	reflect.TypeFor[fault.Kind](): func() (names []string) {
		for _, d := range fault.Table {
			names = append(names, string(d.Kind))
		}
		return names
	},
}

func (g *generator) structOf(t reflect.Type) object {
	properties, required := make(object), []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "-" {
			continue
		}
		property := g.of(f.Type)
		if f.Type.Kind() == reflect.Pointer && options == "" {
			property = object{"anyOf": []any{property, object{"type": "null"}}}
		}
		rangeOf(property, f.Tag.Get("schema"))
		doc := g.doc(t, f)
		if !strings.HasSuffix(doc, ".") {
			g.Errorf("%v.%s has no doc comment that ends with a full stop", t, f.Name)
		}
		property["description"] = doc
		properties[name] = property
		if options != "omitempty" && options != "omitzero" {
			required = append(required, name)
		}
	}
	out := object{"type": "object", "additionalProperties": false, "properties": properties, "description": g.docs[t.String()]}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// doc is a field's comment, also of a struct that is embedded.
func (g *generator) doc(t reflect.Type, f reflect.StructField) string {
	of := t
	for _, i := range f.Index[:len(f.Index)-1] { // of the embedded struct that has it
		of = of.Field(i).Type
	}
	return g.docs[of.String()+"."+f.Name]
}

func (g *generator) of(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[experiment.Experiment]():
		return object{"type": "object"}
	case t == reflect.TypeFor[policy.ByCode](): // which is written as
		return g.of(reflect.TypeFor[map[string]int64]())
	case enums[t] != nil:
		return object{"type": "string", "enum": enums[t]()}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.of(t.Elem())
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Slice:
		items := g.of(t.Elem())
		rangeOf(items, "")
		return object{"type": "array", "items": items}
	case reflect.Map:
		values := g.of(t.Elem())
		rangeOf(values, "")
		return object{"type": "object", "additionalProperties": values}
	case reflect.Struct:
		name := snake(t.Name())
		if pkg := filepath.Base(t.PkgPath()); pkg == "theory" { // which has quantiles of its own
			name = pkg + "_" + name
		}
		if g.defs[name] == nil {
			g.defs[name] = object{} // a type may hold itself
			g.defs[name] = g.structOf(t)
		}
		return object{"$ref": "#/$defs/" + name}
	}
	g.Fatalf("no JSON is known of %v", t)
	return nil
}

// rangeOf says of a number what its tag does: from 0 on, unless it is signed.
func rangeOf(property object, tag string) {
	if kind := property["type"]; kind != "integer" && kind != "number" {
		return
	}
	switch tag {
	case "signed":
	case "min=1":
		property["minimum"] = 1
	case "max=1":
		property["minimum"], property["maximum"] = 0, 1
	default:
		property["minimum"] = 0
	}
}

func snake(name string) string {
	var out strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 && !unicode.IsUpper(rune(name[i-1])) {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

// docsOf reads the comments of the structs in some packages. One that stands above
// several fields is that of the first.
func docsOf(t *testing.T, dirs ...string) map[string]string {
	t.Helper()
	docs := make(map[string]string)
	for _, dir := range dirs {
		files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE && !strings.HasSuffix(name, "_test.go") {
					docOf(docs, file.Name.Name, g)
				}
			}
		}
	}
	return docs
}

func docOf(docs map[string]string, pkg string, g *ast.GenDecl) {
	for _, spec := range g.Specs {
		s := spec.(*ast.TypeSpec)
		fields, ok := s.Type.(*ast.StructType)
		if !ok {
			continue
		}
		of := pkg + "." + s.Name.Name
		docs[of] = oneLine(g.Doc)
		for _, f := range fields.Fields.List {
			for _, name := range f.Names {
				docs[of+"."+name.Name] = oneLine(f.Doc)
			}
		}
	}
}

func oneLine(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }

func TestWhatIsWrittenIsValid(t *testing.T) {
	f, full := recorded(t)
	empty := Run{Scenario: "sync", Verdict: Interrupted, Environment: LocalEnvironment()}
	for name, run := range map[string]Run{"full": full, "empty": empty} {
		if err := Write(f.Dir(), run); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(f.Dir(), RunFile))
		if err != nil {
			t.Fatal(err)
		}
		if err := Validate(data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	run := Run{Scenario: "sync", Verdict: OK, Environment: LocalEnvironment(), Series: make([]Second, 3600)}
	run.normalise()
	data, err := json.Marshal(run)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := Validate(data); err != nil {
			b.Fatal(err)
		}
	}
}

// The schema is found wherever the program is started: also in a folder whose name
// would be no part of a URL.
func TestSchemaInAnyFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "90%_off")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	if _, err := compile(); err != nil {
		t.Error(err)
	}
}

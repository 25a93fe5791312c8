package result

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"time"

	"crosstalk/internal/experiment"
	"crosstalk/internal/policy"
)

// node is what the test reads of a schema.
type node struct {
	Ref         string           `json:"$ref"`
	Description string           `json:"description"`
	Type        string           `json:"type"`
	Format      string           `json:"format"`
	Enum        []string         `json:"enum"`
	Const       *int             `json:"const"`
	Properties  map[string]*node `json:"properties"`
	Required    []string         `json:"required"`
	Additional  json.RawMessage  `json:"additionalProperties"`
	Items       *node            `json:"items"`
	AnyOf       []*node          `json:"anyOf"`
	Defs        map[string]*node `json:"$defs"`
}

// TestSchemaIsTheStruct walks Run and its schema together.
func TestSchemaIsTheStruct(t *testing.T) {
	var root node
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	w := &walker{T: t, defs: root.Defs, used: map[string]bool{}}
	w.same("run", reflect.TypeFor[Run](), &root)
	for name := range root.Defs {
		if !w.used[name] {
			t.Errorf("$defs/%s is not used", name)
		}
	}
	if c := root.Properties["schema"].Const; c == nil || *c != SchemaVersion {
		t.Errorf("the schema is not that of version %d", SchemaVersion)
	}
	verdicts := []string{string(OK), string(Interrupted), string(Invalid), string(Wrong)}
	if got := root.Properties["verdict"].Enum; !slices.Equal(got, verdicts) {
		t.Errorf("verdicts %v, want %v", got, verdicts)
	}
}

type walker struct {
	*testing.T
	defs map[string]*node
	used map[string]bool
}

func (w *walker) same(at string, goType reflect.Type, n *node) {
	if name, ok := strings.CutPrefix(n.Ref, "#/$defs/"); ok {
		w.used[name] = true
		if n = w.defs[name]; n == nil {
			w.Errorf("%s: there is no $defs/%s", at, name)
			return
		}
	}
	if goType.Kind() == reflect.Pointer {
		goType = goType.Elem()
	}
	if goType == reflect.TypeFor[policy.ByCode]() {
		goType = reflect.TypeFor[map[string]int64]() // which it is written as
	}
	if want := schemaType(goType); n.Type != want {
		w.Errorf("%s: %v is a JSON %s, the schema says %q", at, goType, want, n.Type)
		return
	}
	switch {
	case goType == reflect.TypeFor[time.Time]():
		if n.Format != "date-time" {
			w.Errorf("%s: format %q", at, n.Format)
		}
	case goType == reflect.TypeFor[experiment.Experiment]():
	case goType.Kind() == reflect.Struct:
		w.fields(at, goType, n)
	case goType.Kind() == reflect.Map:
		var values node
		if err := json.Unmarshal(n.Additional, &values); err != nil {
			w.Errorf("%s: additionalProperties: %v", at, err)
			return
		}
		w.same(at+".*", goType.Elem(), &values)
	case goType.Kind() == reflect.Slice:
		if n.Items == nil {
			w.Errorf("%s: no items", at)
			return
		}
		w.same(at+"[]", goType.Elem(), n.Items)
	}
}

func (w *walker) fields(at string, goType reflect.Type, n *node) {
	if string(n.Additional) != "false" {
		w.Errorf("%s: additionalProperties is %s, not false", at, n.Additional)
	}
	var required []string
	fields := jsonFields(goType)
	for _, f := range fields {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if options != "omitempty" && options != "omitzero" {
			required = append(required, name)
		}
		field := n.Properties[name]
		if field == nil {
			w.Errorf("%s.%s is not in the schema", at, name)
			continue
		}
		if !strings.HasSuffix(field.Description, ".") {
			w.Errorf("%s.%s: description %q", at, name, field.Description)
		}
		if f.Type.Kind() == reflect.Pointer && options != "omitempty" {
			if len(field.AnyOf) != 2 || field.AnyOf[1].Type != "null" {
				w.Errorf("%s.%s may be null, and the schema does not say so", at, name)
				continue
			}
			field = field.AnyOf[0]
		}
		w.same(at+"."+name, f.Type, field)
	}
	if len(n.Properties) != len(fields) {
		w.Errorf("%s: the schema has %d properties, %v has %d fields", at, len(n.Properties), goType, len(fields))
	}
	if !slices.Equal(slices.Sorted(slices.Values(n.Required)), slices.Sorted(slices.Values(required))) {
		w.Errorf("%s: required %v, want %v", at, n.Required, required)
	}
}

// jsonFields are the fields that are in the JSON, those of embedded structs included.
func jsonFields(t reflect.Type) []reflect.StructField {
	var out []reflect.StructField
	for _, f := range reflect.VisibleFields(t) {
		if tag := f.Tag.Get("json"); !f.Anonymous && tag != "-" {
			out = append(out, f)
		}
	}
	return out
}

func schemaType(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Bool:
		return "boolean"
	case t == reflect.TypeFor[experiment.Experiment]():
		return "object"
	case t == reflect.TypeFor[time.Time]():
		return "string"
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return "integer"
	case reflect.Float64:
		return "number"
	case reflect.String:
		return "string"
	case reflect.Slice:
		return "array"
	case reflect.Map, reflect.Struct:
		return "object"
	}
	return "nothing that is expected"
}

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

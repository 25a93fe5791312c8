package result

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed run.schema.json
var schema []byte

// Schema returns the JSON Schema of run.json, draft 2020-12.
func Schema() []byte { return bytes.Clone(schema) }

// Validate reports whether data is a run.json of SchemaVersion. Its error names
// the version, or the first field that is wrong.
func Validate(data []byte) error {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	var head struct {
		Schema *int `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err == nil && head.Schema != nil && *head.Schema != SchemaVersion {
		return fmt.Errorf("schema version %d, and this program reads version %d", *head.Schema, SchemaVersion)
	}
	compiled, err := compiled()
	if err != nil {
		return err
	}
	var invalid *jsonschema.ValidationError
	switch err := compiled.Validate(document); {
	case errors.As(err, &invalid):
		return firstOf(invalid)
	default:
		return err
	}
}

// compiled is the schema, made once: it takes longer than to read a run.
var compiled = sync.OnceValues(compile)

func compile() (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, fmt.Errorf("the schema of %s is not JSON: %w", RunFile, err)
	}
	// A name that is a whole URL: another one would be taken for a file's in the working
	// folder, whose own name may be no part of a URL.
	const name = "crosstalk:run.schema.json"
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(name, document); err != nil {
		return nil, err
	}
	return c.Compile(name)
}

// firstOf turns the tree of what is wrong into one line on one thing.
func firstOf(e *jsonschema.ValidationError) error {
	for len(e.Causes) > 0 {
		e = e.Causes[0]
	}
	unit := e.BasicOutput()
	at := unit.InstanceLocation
	if at == "" {
		at = "/"
	}
	if unit.Error == nil {
		return fmt.Errorf("at %s: not as the schema says", at)
	}
	return fmt.Errorf("at %s: %s", at, unit.Error)
}

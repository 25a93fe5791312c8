package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"crosstalk/internal/sys"
	"crosstalk/internal/telemetry"
	"crosstalk/internal/topology"
)

// targets says on stderr where children serve their metrics, and has it in a file
// that Prometheus discovers them by (file_sd_configs) for as long as they run. The
// file lies beside the session's folder and not in it: Prometheus takes a pattern for
// the name of a file, and for no folder.
func targets(session string, stderr io.Writer) func(string, []topology.Scraped) error {
	drop := func() {}
	return func(scenario string, children []topology.Scraped) error {
		path := filepath.Join(filepath.Dir(session), "targets-"+filepath.Base(session)+"-"+scenario+".json")
		if len(children) == 0 {
			defer drop()
			return os.Remove(path)
		}
		type group struct {
			Targets []string          `json:"targets"`
			Labels  map[string]string `json:"labels"`
		}
		var groups []group
		for _, c := range children {
			fmt.Fprintf(stderr, "metrics: http://%s%s (%s)\n", c.Address, telemetry.Path, c.Name)
			groups = append(groups, group{[]string{c.Address}, map[string]string{"process": c.Name}})
		}
		text, err := json.MarshalIndent(groups, "", "  ")
		if err != nil {
			return err
		}
		drop = sys.RemoveAtExit(path)
		if err := sys.WriteFile(path, append(text, '\n')); err != nil {
			drop()
			return fmt.Errorf("tell where the metrics are: %w", err)
		}
		return nil
	}
}

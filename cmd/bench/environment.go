package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"crosstalk/internal/setting"
)

const variablePrefix = "CROSSTALK_"

// fromEnvironment sets each flag that is not given from its variable: --max-in-flight
// from CROSSTALK_MAX_IN_FLIGHT. A variable that is none of them is an error where it
// looks like a slip; others may be anyone's, as those that Kubernetes makes.
func fromEnvironment(flags *pflag.FlagSet) (err error) {
	known := []string{tokenVariable}
	flags.VisitAll(func(f *pflag.Flag) {
		variable := variablePrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		known = append(known, variable)
		text, ok := os.LookupEnv(variable)
		if !ok || f.Changed || err != nil {
			return
		}
		if e := flags.Set(f.Name, text); e != nil {
			err = usageError(fmt.Errorf("%s: %w", variable, e))
		}
	})
	if err != nil {
		return err
	}
	return mistyped(os.Environ(), known)
}

func mistyped(environment, known []string) error {
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = strings.TrimPrefix(k, variablePrefix)
	}
	for _, entry := range environment {
		variable, _, _ := strings.Cut(entry, "=")
		name, ours := strings.CutPrefix(variable, variablePrefix)
		if !ours || slices.Contains(names, name) {
			continue
		}
		if meant := setting.Nearest(name, names); meant != "" {
			return usageError(fmt.Errorf("%s: there is no such setting: did you mean %s%s?", variable, variablePrefix, meant))
		}
	}
	return nil
}

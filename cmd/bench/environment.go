package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// fromEnvironment sets each flag that is not given from its variable: --max-in-flight
// from CROSSTALK_MAX_IN_FLIGHT.
func fromEnvironment(flags *pflag.FlagSet) (err error) {
	flags.VisitAll(func(f *pflag.Flag) {
		variable := "CROSSTALK_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		text, ok := os.LookupEnv(variable)
		if !ok || f.Changed || err != nil {
			return
		}
		if e := flags.Set(f.Name, text); e != nil {
			err = usageError(fmt.Errorf("%s: %w", variable, e))
		}
	})
	return err
}

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"crosstalk/internal/compare"
	"crosstalk/internal/experiment"
	"crosstalk/internal/setting"
	"crosstalk/scenarios"
)

// noSuchCommand refuses what stands where a command should, and says which one it
// may have been meant to be.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() || sub.Name() == "help" {
			names = append(names, sub.Name())
		}
	}
	return fmt.Errorf("unknown command %q%s", args[0], orList(setting.DidYouMean(args[0], names), names))
}

// suggestFlag says which flag a mistyped one may have been meant to be.
func suggestFlag(cmd *cobra.Command, err error) error {
	var none *pflag.NotExistError
	if !errors.As(err, &none) || none.GetSpecifiedShortnames() != "" {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	guess := setting.Nearest(none.GetSpecifiedName(), names)
	if guess == "" {
		return err
	}
	return fmt.Errorf("%w: did you mean --%s?", err, guess)
}

// complete has the shell complete what flags and arguments take: scenarios,
// settings, and the words of each setting that has some.
func complete(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		if cmd.ValidArgsFunction == nil {
			cmd.ValidArgsFunction = argumentsOf(cmd)
		}
		for name, words := range wordsOf() {
			if cmd.Flags().Lookup(name) != nil {
				// It fails for a flag that is not there, or is completed already.
				_ = cmd.RegisterFlagCompletionFunc(name, words)
			}
		}
	}
}

// argumentsOf completes experiment files, or folders where a command takes those.
func argumentsOf(cmd *cobra.Command) cobra.CompletionFunc {
	if strings.HasSuffix(cmd.Use, "[EXPERIMENT.yaml]") {
		return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		}
	}
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
}

// wordsOf are the completions of flags, by their names.
func wordsOf() map[string]cobra.CompletionFunc {
	return map[string]cobra.CompletionFunc{
		"scenario":  listed(scenarios.Names()),
		"arrival":   one("poisson", "constant"),
		"fanout":    one(string(experiment.Parallel), string(experiment.Sequential)),
		"store":     listed([]string{"sqlite", "memory", "bbolt"}),
		"by":        one(compare.Names...),
		"vary":      settingNames,
		"threshold": one("p(99)<", "errors<", "staleness.p(99)<", "throughput>", "regression.p(99)<"),
		"out":       folders,
	}
}

func one(words ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
}

func folders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// listed completes the last one of words by commas, with those that are not yet
// there.
func listed(words []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndex(typed, ",")+1]
		there := strings.Split(before, ",")
		var out []string
		for _, word := range words {
			if !slices.Contains(there, word) && strings.HasPrefix(before+word, typed) {
				out = append(out, before+word)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
	}
}

// settingNames completes SETTING= of --vary.
func settingNames(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	e := experiment.Default()
	var out []string
	for _, s := range e.Settings() {
		out = append(out, s.Name+"=\t"+s.Usage)
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

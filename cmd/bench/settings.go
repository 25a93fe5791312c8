package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"crosstalk/internal/experiment"
	"crosstalk/scenarios"
)

// settings reads an experiment from a file and flags, of which the flags win.
type settings struct {
	flags *pflag.FlagSet
	base  experiment.Experiment // what is run where nothing is asked
	asked experiment.Experiment
}

// settingFlag is a setting as a flag. One whose parts have a separator of their own
// may be given several times: each time adds parts.
type settingFlag struct {
	experiment.Text
	given *int
	// none tells that no text is a value: that nothing of the kind is asked.
	none bool
}

func (f settingFlag) Set(text string) error {
	if strings.TrimSpace(text) == "" && !f.none {
		return f.empty()
	}
	if *f.given++; *f.given > 1 {
		if parts, ok := f.Text.(interface{ Separator() string }); ok {
			text = f.String() + parts.Separator() + text
		}
	}
	return f.UnmarshalText([]byte(text))
}

// empty says that a value is missing, and what to write where none is meant.
func (f settingFlag) empty() error {
	if f.UnmarshalText([]byte("none")) == nil {
		return errors.New("it has no value: write none where none is meant")
	}
	return errors.New("it has no value")
}

func (f settingFlag) Type() string { return "value" }
func (f settingFlag) String() string {
	if f.Text == nil {
		return ""
	}
	text, err := f.MarshalText()
	if err != nil {
		return ""
	}
	return string(text)
}

// addSettings adds a flag for each setting. base is what is run where nothing is
// asked.
func addSettings(flags *pflag.FlagSet, base experiment.Experiment) *settings {
	base.Scenario = scenarios.Names()
	s := &settings{flags: flags, base: base, asked: base}
	for _, setting := range s.asked.Settings() {
		f := settingFlag{Text: setting.Value, given: new(int)}
		f.none = f.String() == ""
		flags.Var(f, setting.Name, setting.Usage)
	}
	return s
}

// experiment returns what is asked, checked. path is the experiment file, or
// empty. Its errors are bad usage and name the flag or the file's line.
func (s *settings) experiment(path string) (*experiment.Experiment, error) {
	given := make(map[string]string)
	s.flags.Visit(func(f *pflag.Flag) {
		if value, ok := f.Value.(settingFlag); ok {
			given[f.Name] = value.String()
		}
	})
	s.asked = s.base
	file, err := s.readFile(path)
	if err != nil {
		return nil, usageError(err)
	}
	for name, text := range given {
		if err := s.asked.Set(name, text); err != nil {
			return nil, usageError(fmt.Errorf("--%w", err))
		}
	}
	if len(s.asked.Scenario) == 0 {
		s.asked.Scenario = scenarios.Names()
	}
	if err := s.asked.Validate(scenarios.Names(), scenarios.Remote); err != nil {
		return nil, usageError(locate(err, file, given))
	}
	return &s.asked, nil
}

func (s *settings) readFile(path string) (*experiment.File, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	file, err := experiment.ReadFile(path, data)
	if err != nil {
		return nil, err
	}
	return file, file.Decode(&s.asked)
}

// locate says where a wrong setting was made: by a flag, or on a line of the file.
func locate(err error, file *experiment.File, given map[string]string) error {
	var wrong *experiment.Error
	if !errors.As(err, &wrong) {
		return err
	}
	if _, ok := given[wrong.Setting]; !ok && file != nil {
		if place, ok := file.Where(wrong); ok {
			return fmt.Errorf("%s: %w", place, err)
		}
	}
	return fmt.Errorf("--%w", err)
}

//go:build !long

package predict

// Long is unset: each case of a test is tried in one scenario, and each scenario in turn.
const Long = false

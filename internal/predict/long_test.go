//go:build long

package predict

// Long has each case of a test tried in every scenario.
const Long = true

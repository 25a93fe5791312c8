//go:build unix && !darwin

package usage

// maxrssUnit is the unit of ru_maxrss, in bytes.
const maxrssUnit = 1 << 10

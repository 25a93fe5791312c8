//go:build unix && !darwin && !linux

package usage

// maxrssUnit is the unit of ru_maxrss, in bytes.
const maxrssUnit = 1 << 10

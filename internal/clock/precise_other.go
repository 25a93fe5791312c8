//go:build !linux

package clock

import (
	"context"
	"time"
)

// Precise is Sleep where there is nothing better.
func Precise(ctx context.Context, d time.Duration) error { return Sleep(ctx, d) }

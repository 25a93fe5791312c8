package store

import "context"

// turn lets one at a time do something. Unlike a mutex, it waits for nobody longer
// than a context says.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// take returns when it is the caller's turn, until end, or with ctx's error.
func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	default:
	}
	select {
	case t <- struct{}{}:
		if err := ctx.Err(); err != nil { // both had come
			t.end()
			return err
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) end() { <-t }

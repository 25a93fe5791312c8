package runner

import (
	"math"
	"testing"

	"crosstalk/internal/fault"
)

// No two drivers have a number in common, nor with what is done before the load, and
// the warm-up's numbers stay negative.
func TestNumbersOfDrivers(t *testing.T) {
	const most = 1<<numberBits - 1
	seen := make(map[int64]int)
	for _, driver := range []int{0, 1, 2, MostDrivers - 1, MostDrivers} {
		for _, id := range []int64{0, 1, most, -1, -2, -most} {
			n := numberOf(driver, id)
			if (n < 0) != (id < 0) || n == fault.Beforehand || n == math.MaxInt64 {
				t.Errorf("%d of driver %d is %d", id, driver, n)
			}
			if other, ok := seen[n]; ok {
				t.Errorf("driver %d and %d have %d in common", driver, other, n)
			}
			seen[n] = driver
		}
		if driver == 0 && (numberOf(0, 17) != 17 || numberOf(0, -17) != -17) {
			t.Error("the first driver's numbers are not the schedule's")
		}
	}
}

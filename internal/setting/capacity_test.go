package setting

import "testing"

func TestCapacity(t *testing.T) {
	check[Capacity](t, map[string]string{
		"8": "8,queue=100", "8,queue=0": "8,queue=0", " 16 , queue=1_000": "16,queue=1000", "0": "0",
	})
	checkErrors(t, Capacity{Workers: 3, Queue: 7}, map[string]string{
		"":           `"" is not a number of workers, such as 8 or 8,queue=100`,
		"-1":         `"-1" is not a number of workers, such as 8 or 8,queue=100`,
		"8,9":        `"8,9" is not a number of workers and a queue, such as 8,queue=100`,
		"8,queue=-1": `"8,queue=-1" is not a number of workers and a queue, such as 8,queue=100`,
		"0,queue=5":  `"0,queue=5": a queue needs workers`,
	})
	check[PerService[Capacity]](t, map[string]string{
		"A=8,queue=100":            "A=8,queue=100",
		"4,A=8,queue=10,B=2":       "4,queue=100,A=8,queue=10,B=2,queue=100",
		"8,queue=5":                "8,queue=5",
		"A=1,queue=2,B=3,queue=4 ": "A=1,queue=2,B=3,queue=4",
	})
}

# What is run by hand. The checks of a change are .ci/run.

.PHONY: bench peers kills

# The instrument's own benchmarks, one for each row of the table in docs/instrument.md.
bench:
	go test ./benchmarks -run=NONE -bench='Driver|Lateness|Sleep|FanOut|RequestReply|Scenarios|Freeze|Truth|Hour' -benchtime=8x -timeout=30m
	go test ./benchmarks -run=NONE -bench=Record -benchtime=3000000x

# The driver beside ghz and fortio, built from the Go proxy into a temporary folder.
peers:
	go run ./benchmarks/peers

# Kill every process at random moments under load, many more times than a test does:
# make kills [KILLS=500] [SEED=…]
kills:
	seed=$(or $(SEED),$$(shuf -i 1-999999999 -n 1)); echo "seed $$seed"; \
	CROSSTALK_KILLS=$(or $(KILLS),500) CROSSTALK_KILLS_SEED=$$seed go test -count=1 -v -timeout 60m -tags=long -run 'TestKills$$' ./cmd/bench

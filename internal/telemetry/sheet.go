package telemetry

import "crosstalk/internal/counts"

// What is read at a scrape.
var (
	published = ofRun(Counter, "crosstalk_bus_published_events_total",
		"Events that the bus acknowledged and that the measured part is the reason for.", "service")
	lateReplies = ofRun(Counter, "crosstalk_bus_late_replies_total",
		"Replies that came after their requester gave up.", "service")
	deadLetters = ofRun(Counter, "crosstalk_bus_dead_letters_total",
		"Events that nobody could decode, and that were set aside.", "service")
	lostChanges = ofRun(Counter, "crosstalk_bus_lost_changes_total",
		"Changes that a copy will never show: their events were dropped or poisonous.", "service")
	logLosses = ofRun(Counter, "crosstalk_bus_log_losses_total",
		"Partitions found to have lost events that they had acknowledged, and read anew from their beginning.", "service")
	busLag = ofRun(Gauge, "crosstalk_bus_lag_events",
		"Events of a topic that the service has not handled yet.", "service", "topic")

	workersLimit = ofRun(Gauge, "crosstalk_workers_limit",
		"What a service does at once, where it has a bound.", "service")
	workersQueueLimit = ofRun(Gauge, "crosstalk_workers_queue_limit",
		"How many may wait for a worker.", "service")
	workersWaiting = ofRun(Gauge, "crosstalk_workers_waiting",
		"How many wait for a worker now.", "service")
	workersArrived = ofRun(Counter, "crosstalk_workers_arrived_total",
		"Uses of a service that has a bound.", "service")
	workersRefused = ofRun(Counter, "crosstalk_workers_refused_total",
		"Uses that found too many waiting, and were refused.", "service")
	workersQueued = ofRun(Counter, "crosstalk_workers_queued_total",
		"Uses that had to wait for a worker.", "service")
	workersWaited = ofRun(Counter, "crosstalk_workers_waited_seconds_total",
		"How long all uses have waited for a worker, together.", "service")

	policyCalls = ofRun(Counter, "crosstalk_policy_calls_total",
		"What was asked of a need that has a policy.", "service", "peer")
	policyTries = ofRun(Counter, "crosstalk_policy_tries_total",
		"How often a need was tried: by the calls, the amplification.", "service", "peer")
	policyRetries = ofRun(Counter, "crosstalk_policy_retries_total",
		"Tries that followed one that failed.", "service", "peer")
	policyHedges = ofRun(Counter, "crosstalk_policy_hedges_total",
		"Tries that ran beside one that took long.", "service", "peer")
	policySaved = ofRun(Counter, "crosstalk_policy_saved_total",
		"Calls that succeeded by the policy.", "service", "peer")
	policyFailed = ofRun(Counter, "crosstalk_policy_failed_total",
		"Calls that failed in the end.", "service", "peer")
	policyCancelled = ofRun(Counter, "crosstalk_policy_cancelled_total",
		"Calls that the service gave up, as where another of its dependencies had failed.", "service", "peer")
	policyRefused = ofRun(Counter, "crosstalk_policy_refused_total",
		"Calls that an open breaker refused.", "service", "peer")
	policyOverBudget = ofRun(Counter, "crosstalk_policy_over_budget_total",
		"Retries and hedges that the budget did not allow.", "service", "peer")
	policyFallbacks = ofRun(Counter, "crosstalk_policy_fallbacks_total",
		"Answers with the last record that was known.", "service", "peer")
	breakerState = ofRun(Gauge, "crosstalk_breaker_state",
		"1 for the state that a need's breaker is in, 0 for the others.", "service", "peer", "state")

	driverRate = ofRun(Gauge, "crosstalk_driver_rate_asked",
		"Queries due per second, as asked; 0 in a closed loop.")
	driverBegin = ofRun(Gauge, "crosstalk_driver_begin_timestamp_seconds",
		"When the measured part begins.")
	driverInFlight = ofRun(Gauge, "crosstalk_driver_in_flight",
		"Queries of the driver that are under way.")
	driverInFlightLimit = ofRun(Gauge, "crosstalk_driver_in_flight_limit",
		"How many queries may be under way at once.")
	driverSent = ofRun(Counter, "crosstalk_driver_sent_total",
		"Queries that the driver sent, warm-up included.")
	driverWaited = ofRun(Counter, "crosstalk_driver_waited_total",
		"Queries that found as many others under way as may be.")
	driverUnsent = ofRun(Counter, "crosstalk_driver_unsent_total",
		"Queries that were due and never sent: given up while they waited, or the driver never came to them.", "reason")
	driverWrites = ofRun(Counter, "crosstalk_driver_writes_total",
		"Writes of the measured part by their result.", "result")
	replicaUnseen = ofRun(Gauge, "crosstalk_replica_unseen_changes",
		"Acknowledged changes that some copy does not show yet, on the driver's word.")
	replicaAge = ofRun(Gauge, "crosstalk_replica_age_seconds",
		"For how long the oldest acknowledged change has been acknowledged that some copy does not show; 0 where all do.")

	read = append([]Family{
		published, lateReplies, deadLetters, lostChanges, logLosses, busLag,
		workersLimit, workersQueueLimit, workersWaiting, workersArrived, workersRefused, workersQueued, workersWaited,
		policyCalls, policyTries, policyRetries, policyHedges, policySaved, policyFailed, policyCancelled, policyRefused,
		policyOverBudget, policyFallbacks, breakerState,
		driverRate, driverBegin, driverInFlight, driverInFlightLimit, driverSent, driverWaited, driverUnsent,
		driverWrites, replicaUnseen, replicaAge,
	}, readOfFaults...)
)

func (s *sheet) process(p counts.Process) {
	if p.OnBus {
		s.count(published, p.Events, p.Service)
		s.count(lateReplies, p.LateReplies, p.Service)
		s.count(deadLetters, p.DeadLetters, p.Service)
		s.count(lostChanges, p.LostChanges, p.Service)
		s.count(logLosses, p.LogLosses, p.Service)
		for _, t := range p.Topics {
			s.count(busLag, t.Behind, p.Service, t.Name)
		}
	}
	for _, c := range p.Capacities {
		s.capacity(c)
	}
	for _, policy := range p.Policies {
		s.policy(policy)
	}
	s.allFaults(p.Service, p.Faults)
}

func (s *sheet) capacity(c counts.Capacity) {
	s.count(workersLimit, c.Workers, c.Service)
	s.count(workersQueueLimit, c.Queue, c.Service)
	s.count(workersWaiting, c.Waiting, c.Service)
	s.count(workersArrived, c.Arrived, c.Service)
	s.count(workersRefused, c.Refused, c.Service)
	s.count(workersQueued, c.Queued, c.Service)
	s.put(workersWaited, c.WaitedSeconds, c.Service)
}

func (s *sheet) policy(p counts.Policy) {
	labels := []string{p.Consumer, p.Need}
	s.count(policyCalls, p.Calls, labels...)
	s.count(policyTries, p.Tries, labels...)
	s.count(policyRetries, p.Retries, labels...)
	s.count(policyHedges, p.Hedges, labels...)
	s.count(policySaved, p.Saved, labels...)
	s.count(policyFailed, p.Failed, labels...)
	s.count(policyCancelled, p.Cancelled, labels...)
	s.count(policyRefused, p.Refused, labels...)
	s.count(policyOverBudget, p.OverBudget, labels...)
	s.count(policyFallbacks, p.Fallbacks, labels...)
	if p.Breaker == "" {
		return
	}
	for _, state := range []string{"closed", "half-open", "open"} {
		s.count(breakerState, one(state == p.Breaker), p.Consumer, p.Need, state)
	}
}

func (s *sheet) load(l Load) {
	s.put(driverRate, l.RateAsked)
	s.put(driverBegin, float64(l.Begin.UnixMilli())/1000)
	s.count(driverInFlight, l.InFlight)
	s.count(driverInFlightLimit, l.Limit)
	s.count(driverSent, l.Sent)
	s.count(driverWaited, l.Waited)
	s.count(driverUnsent, l.Unsent, "window")
	s.count(driverUnsent, l.Unoffered, "late")
	s.count(driverWrites, l.WritesAcknowledged, "acknowledged")
	s.count(driverWrites, l.WritesFailed, "failed")
	s.count(driverWrites, l.WritesUnsent, "unsent")
	s.count(replicaUnseen, l.Unseen)
	s.put(replicaAge, l.Age.Seconds())
}

func one(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

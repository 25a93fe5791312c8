package result

// Comparison is what came of holding the databases against each other after the load:
// each owner's table against what the driver wrote and was acknowledged, each replica
// against its owner's table, row by row.
type Comparison struct {
	// OwnerRows and ReplicaRows count the rows that were compared.
	OwnerRows int64 `json:"owner_rows"`
	// Rows of replicas that were compared.
	ReplicaRows int64 `json:"replica_rows"`
	// Differing counts the rows that are not what they must be, or that one side lacks,
	// and that no fault explains; Lost counts the acknowledged changes that a replica
	// does not show, likewise. One of either makes the run a wrong one.
	Differing int64 `json:"differing"`
	// Acknowledged changes that a replica does not show, and that no fault explains: one makes
	// the run wrong.
	Lost int64 `json:"lost"`
	// Explained counts the others, each against the fault that explains it.
	Explained []Explained `json:"explained,omitempty"`
	// NotCompared says what was not compared, and why; empty is nothing.
	NotCompared string `json:"not_compared,omitempty"`
}

// Explained is what a fault explains: rows that differ, and acknowledged changes that
// are not visible.
type Explained struct {
	// The fault, as the flag has it.
	Fault string `json:"fault"`
	// Rows of replicas that differ.
	Rows int64 `json:"rows"`
	// Acknowledged changes that are not visible.
	Changes int64 `json:"changes"`
}

// Clean tells whether all was compared, and nothing differs or lacks, explained or not.
func (c *Comparison) Clean() bool {
	return c.NotCompared == "" && c.Differing == 0 && c.Lost == 0 && len(c.Explained) == 0
}

// Rows is how many rows were compared.
func (c *Comparison) Rows() int64 { return c.OwnerRows + c.ReplicaRows }

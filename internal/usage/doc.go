// Package usage reads what this process, and the machine's cores, have used.
//
// Its law: it reads and keeps nothing. Where a system does not tell, the figure is
// 0, and what follows from it says nothing either.
package usage

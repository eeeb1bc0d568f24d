// Package leakhooks lets a restore leave one place uncleaned, so that a test sees whether the proof notices.
//
// It does so only in an agent built with the tag `leakhooks`, which the lab's leak test asks for. In every other build
// nothing is ever skipped, and no file or variable can make it so.
package leakhooks

// Places that a restore can be told to leave as they are.
const (
	Kill           = "kill" // processes named Survivor are spared
	Tmp            = "tmp"
	Run            = "run"
	SharedMemory   = "shm"
	Queues         = "mqueue"
	Segments       = "sysv"
	TerminationLog = "termination-log"
	Beside         = "beside" // the volume outside docroot or datadir
	Docroot        = "docroot"
	Attributes     = "attributes" // of the docroot's files and directories
	Times          = "times"
	Datadir        = "datadir"
	Sockets        = "sockets" // closed connections of the pod with itself
	Page           = "page"    // a page that is not the pristine one is reported at once instead of awaited
)

// File lies in the role's volume and names the places, one a line. The next restore reads and removes it.
const File = ".leakhooks"

// Survivor is the process name that the hook Kill spares.
const Survivor = "canary"

// OfDir is the place that a scratch directory belongs to.
func OfDir(dir string) string {
	return map[string]string{"/tmp": Tmp, "/run/clone": Run, "/dev/shm": SharedMemory, "/dev/mqueue": Queues}[dir]
}

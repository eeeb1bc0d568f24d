package importer

import (
	"syscall"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/job"
)

// serverBytes is what MySQL takes of its volume for itself: the redo log of my.cnf, undo and its own tables.
const serverBytes = 384 << 20

// imageBytes is what the image's own files take of the volume, with something to spare for what the site writes.
const imageBytes = 192 << 20

// room refuses early what will not fit.
func (r *run) room() error {
	files := r.preflight.Files.Bytes - r.preflight.Files.ByRoot["core"].Bytes
	if expected := r.preflight.BytesEstimate + r.preflight.Files.Bytes; expected > r.progress.limit {
		return failure.New(job.TooLarge, "the source has about %d bytes, a clone may have %d; remove what a copy does not need", expected, r.progress.limit)
	}
	if room := r.job.Limits.Site - imageBytes; r.job.Limits.Site > 0 && files > room {
		return failure.New(job.TooLarge, "the source has %d bytes of files, a clone's volume takes %d; remove what a copy does not need "+
			"(backups, archives) or give the pool larger volumes", files, room)
	}
	if room := r.job.Limits.Data - serverBytes; r.job.Limits.Data > 0 && r.preflight.BytesEstimate > room {
		return failure.New(job.TooLarge, "the source's tables have about %d bytes, a clone's volume takes %d; remove what a copy does not need "+
			"(logs, statistics) or give the pool larger volumes", r.preflight.BytesEstimate, room)
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(r.env.Docroot, &disk); err != nil {
		return err
	}
	if free := int64(disk.Bavail)*disk.Bsize + r.journal.received(); files > free {
		return failure.New(job.DiskFull, "the source has %d bytes of files, the node has room for %d; give the nodes larger disks", files, free)
	}
	return nil
}

package importer

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/files"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/layout"
)

// journal is what an agent that is killed leaves to the next one (docs/architecture.md, section 3). It lies beside the
// document root from the import's beginning until tables and files are there: none of the site's code runs meanwhile.
type journal struct {
	volume *os.Root
	went   bool         // a former agent has begun it
	files  []files.Part // of that agent; nil: it had not begun to copy
	tables bool         // that agent had defined the tables
}

const (
	definedFile = layout.JournalDir + "/defined.json"
	filesFile   = layout.JournalDir + "/files.json"
	tablesDir   = layout.JournalDir + "/tables"
)

// head says whose journal it is.
type head struct {
	Import string `json:"import"`
}

// openJournal goes on with a journal of the same import, or begins one. With one that is no use, restore undoes what its
// import has done to the document root.
func openJournal(volume *os.Root, identity string, restore func() error) (*journal, error) {
	j := &journal{volume: volume}
	var found head
	err := load(volume, layout.JournalHead, &found)
	if err == nil && hmac.Equal([]byte(found.Import), []byte(identity)) {
		if err = load(volume, filesFile, &j.files); err == nil || errors.Is(err, fs.ErrNotExist) {
			j.went = true
			return j, nil
		}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		if err := restore(); err != nil {
			return nil, err
		}
	}
	if err := j.end(); err != nil {
		return nil, err
	}
	if err := volume.Mkdir(layout.JournalDir, 0o700); err != nil {
		return nil, err
	}
	return &journal{volume: volume}, store(volume, layout.JournalHead, head{identity})
}

// openJournal goes on with what a former agent has left of this very import.
func (r *run) openJournal(ctx context.Context) error {
	same, err := identity(r.job, *r.preflight)
	if err != nil {
		return err
	}
	r.journal, err = openJournal(r.volume, same, func() error { return r.env.Restore(ctx) })
	return err
}

// end removes the journal, first what makes it one.
func (j *journal) end() error {
	if err := j.volume.RemoveAll(layout.JournalHead); err != nil {
		return err
	}
	return j.volume.RemoveAll(layout.JournalDir)
}

// identity is what two imports have in common if the second may go on where the first ended. By the job's key, which lies
// nowhere in the pod, so that the site could not forge it either.
func identity(j job.Job, preflight source.Preflight) (string, error) {
	preflight.Tables, preflight.BytesEstimate, preflight.RowsEstimate = nil, 0, 0 // a site is alive
	preflight.Files.Count, preflight.Files.Bytes, preflight.Files.ByRoot, preflight.Files.Complete = 0, 0, nil, false
	mac := hmac.New(sha256.New, []byte(j.JobKey))
	err := json.NewEncoder(mac).Encode([]any{"clonepool-journal-v1", j.CloneID, j.Generation, j.SourceURL, j.PublicURL, preflight})
	return hex.EncodeToString(mac.Sum(nil)), err
}

// received is what a former agent has received of files.
func (j *journal) received() (bytes int64) {
	for _, part := range j.files {
		bytes += part.Bytes
	}
	return bytes
}

// keepFiles keeps how far the files are.
func (j *journal) keepFiles(parts []files.Part) error { return store(j.volume, filesFile, parts) }

// defined is what is known of the tables once they have been created.
type defined struct {
	Definitions string             `json:"definitions"`
	Adapted     []database.Adapted `json:"adapted"`
}

// define creates the tables, unless a former agent did so by the same definitions. It returns those that were adapted.
func (j *journal) define(tables []source.Table, create func() ([]database.Adapted, error)) ([]database.Adapted, error) {
	sum, err := digestOf(tables)
	if err != nil {
		return nil, err
	}
	var before defined
	if j.went && load(j.volume, definedFile, &before) == nil && before.Definitions == sum {
		j.tables = true
		return before.Adapted, nil
	}
	if err := errors.Join(j.volume.RemoveAll(definedFile), j.volume.RemoveAll(tablesDir)); err != nil {
		return nil, err
	}
	adapted, err := create()
	if err != nil {
		return nil, err
	}
	if err := j.volume.Mkdir(tablesDir, 0o700); err != nil {
		return nil, err
	}
	return adapted, store(j.volume, definedFile, defined{sum, adapted})
}

// counter is a table's next number, which moves with each row.
var counter = regexp.MustCompile(`\bAUTO_INCREMENT=\d+ ?`)

// digestOf is a digest of what the source's tables are, without what changes with their rows.
func digestOf(tables []source.Table) (string, error) {
	tables = slices.Clone(tables)
	for i, table := range tables {
		tables[i].Rows, tables[i].Bytes, tables[i].Create = 0, 0, counter.ReplaceAllString(table.Create, "")
	}
	sum := sha256.New()
	err := json.NewEncoder(sum).Encode(tables)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// keptTable is how far a table is: for certain, and if the COMMIT succeeded that was about to be sent.
type keptTable struct {
	At    position  `json:"at"`
	Doubt *position `json:"doubt,omitempty"`
}

// tableFile is a table's file; names of tables may hold anything.
func tableFile(table string) string {
	sum := sha256.Sum256([]byte(table))
	return path.Join(tablesDir, hex.EncodeToString(sum[:])+".json")
}

func (j *journal) keepTable(at position, doubt *position) error {
	return store(j.volume, tableFile(at.report.Name), keptTable{at, doubt})
}

// table is where a former agent was; without a word of it, nothing is certain.
func (j *journal) table(name string) keptTable {
	kept := keptTable{At: newPosition(name)}
	if load(j.volume, tableFile(name), &kept) != nil {
		return keptTable{At: newPosition(name)}
	}
	return kept
}

package importer

import (
	"encoding/json"
	"io"
	"io/fs"
	"os"
)

// maxStored bounds what is read back from a volume that the site can write to.
const maxStored = 8 << 20

// load reads what an agent has stored in the volume. A missing file, or anything else that lies in its place, is an error.
func load(volume *os.Root, name string, into any) error {
	info, err := volume.Lstat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fs.ErrInvalid
	}
	file, err := volume.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxStored))
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// store writes a file so that it is there whole or as before. A crash of the node takes the pod with it: no sync.
func store(volume *os.Root, name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if err := volume.WriteFile(name+".new", text, 0o600); err != nil {
		return err
	}
	return volume.Rename(name+".new", name)
}

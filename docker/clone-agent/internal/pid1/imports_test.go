package pid1

import (
	"encoding/json"
	"testing"

	"clonepool.dev/clone-agent/internal/control"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/layout"
	"clonepool.dev/clone-agent/internal/report"
)

func importRequest(generation int64) control.Request {
	return control.Request{Command: control.Import, Generation: generation, Job: &job.Job{
		CloneID: "acme", Generation: generation, SourceURL: "https://shop.example", KeyID: "0123456789abcdef", JobKey: "00",
		PublicURL: "https://acme.clones.test",
	}}
}

// follow asks for the import and reads until its end, or until `enough` lines came.
func (c *container) follow(request control.Request, enough int) (lines []job.Line, refusal *control.Error) {
	c.t.Helper()
	must(c.t, c.ask(request, func(body json.RawMessage, refused *control.Error) bool {
		if refused != nil {
			refusal = refused
			return true
		}
		var line job.Line
		must(c.t, json.Unmarshal(body, &line))
		lines = append(lines, line)
		return line.Final() || len(lines) == enough
	}))
	return lines, refusal
}

func servingContainer(t *testing.T) *container {
	c := newContainer(t)
	c.want(1)
	c.start()
	c.awaitSettled(1)
	return c
}

func TestAnImportRunsOnceAndOutlivesWhoFollows(t *testing.T) {
	c := servingContainer(t)
	if lines, _ := c.follow(importRequest(1), 3); len(lines) != 3 || lines[2].Phase != job.Database {
		t.Fatalf("lines %+v", lines)
	}
	if !c.exists(volume + "/" + layout.ImportingMark) {
		t.Error("a running import is not marked")
	}
	c.follow(importRequest(1), 1)
	c.write(importMayEnd, "")
	lines, _ := c.follow(control.Request{Command: control.Import, Generation: 1}, 0) // no job: it only follows
	last := lines[len(lines)-1]
	if last.Result != job.ResultOK || last.Fidelity["clone"] != "acme" {
		t.Errorf("last line %+v", last)
	}
	again, _ := c.follow(importRequest(1), 0)
	if len(again) != 1 || again[0].Result != job.ResultOK {
		t.Errorf("following a finished import gave %+v", again)
	}
	if starts := c.read(importStarts); starts != "." {
		t.Errorf("%d imports were started", len(starts))
	}
	if c.exists(volume + "/" + layout.ImportingMark) {
		t.Error("a finished import is still marked")
	}
	if s := c.status(); s.Import == nil || s.Import.Result != job.ResultOK {
		t.Errorf("status %+v", s)
	}
}

func TestAnImportOfAnotherGenerationIsRefused(t *testing.T) {
	c := servingContainer(t)
	mixed := importRequest(1)
	mixed.Job.Generation = 2
	for name, request := range map[string]control.Request{"older": importRequest(0), "newer": importRequest(2), "mixed": mixed} {
		if _, refusal := c.follow(request, 0); refusal == nil || refusal.Code != control.OtherGeneration {
			t.Errorf("%s: %v", name, refusal)
		}
	}
	if c.exists(importStarts) {
		t.Error("a refused import ran")
	}
}

func TestAnImportWithoutAUsableJobIsRefused(t *testing.T) {
	c := servingContainer(t)
	bad := importRequest(1)
	bad.Job.SourceURL = "ftp://shop.example"
	for name, request := range map[string]control.Request{"none": {Command: control.Import, Generation: 1}, "bad": bad} {
		if _, refusal := c.follow(request, 0); refusal == nil || refusal.Code != control.Invalid {
			t.Errorf("%s: %v", name, refusal)
		}
	}
}

func TestANewGenerationCancelsTheImport(t *testing.T) {
	c := servingContainer(t)
	c.follow(importRequest(1), 2)
	c.want(2)
	c.awaitSettled(2)
	if !c.exists(importWasEnded) {
		t.Error("the import was not cancelled before the restore")
	}
	if c.status().Import != nil {
		t.Errorf("the new generation knows of an import: %+v", c.status())
	}
}

func usableContainer(t *testing.T) *container {
	c := servingContainer(t)
	c.write(importUsable, "")
	c.follow(importRequest(1), 2)
	c.await("usable", func() bool { s := c.status(); return s.Import != nil && s.Import.Usable })
	return c
}

func TestAUsableCloneSurvivesACrashAndItsFilesGoOnToFollow(t *testing.T) {
	c := usableContainer(t)
	if c.exists(volume + "/" + layout.ImportingMark) {
		t.Error("a usable clone is still marked: a crash would undo it")
	}
	c.write(volume+"/users-work", "")
	c.crash()
	c.start()
	c.await("serving again", func() bool { return c.status().Phase == report.PhaseServing })
	if !c.exists(volume + "/users-work") {
		t.Fatal("the crash undid the clone")
	}
	lines, _ := c.follow(importRequest(1), 5)
	if last := lines[len(lines)-1]; !last.Usable {
		t.Errorf("the clone was imported anew: %+v", lines)
	}
	if c.exists(volume + "/" + layout.ImportingMark) {
		t.Error("the clone is marked again")
	}
}

func TestTheLongReportIsToldOnceToEachFollower(t *testing.T) {
	c := usableContainer(t)
	for range 2 {
		lines, _ := c.follow(importRequest(1), 4)
		for number, line := range lines {
			if told := line.Fidelity != nil; told != (number == 0) {
				t.Errorf("line %d: %+v", number, line)
			}
		}
	}
}

func TestFilesAreFetchedWhileTheyFollow(t *testing.T) {
	c := servingContainer(t)
	fetch := func(name string) (answer control.Fetched, refusal *control.Error) {
		request := control.Request{Command: control.Fetch, Path: name}
		must(t, c.ask(request, func(body json.RawMessage, refused *control.Error) bool {
			if refusal = refused; refused == nil {
				must(t, json.Unmarshal(body, &answer))
			}
			return true
		}))
		return answer, refusal
	}
	if _, refusal := fetch("a.jpg"); refusal == nil || refusal.Code != control.NotReady {
		t.Errorf("without an import: %v", refusal)
	}
	c.write(importUsable, "")
	c.follow(importRequest(1), 2)
	c.await("usable", func() bool { return c.status().Import.Usable })
	if answer, refusal := fetch("a.jpg"); refusal != nil || !answer.Found {
		t.Errorf("%+v, %v", answer, refusal)
	}
	if answer, refusal := fetch("b.jpg"); refusal != nil || answer.Found {
		t.Errorf("%+v, %v", answer, refusal)
	}
	if _, refusal := fetch("broken"); refusal == nil || refusal.Code != control.NotReady || refusal.Detail != "the file cannot be fetched now" {
		t.Errorf("%v", refusal)
	}
}

func TestANewGenerationEndsWhatFollows(t *testing.T) {
	c := usableContainer(t)
	c.want(2)
	c.awaitSettled(2)
	if !c.exists(importWasEnded) || c.exists(volume+"/"+layout.BackfillDir) {
		t.Error("files of the generation before may still follow")
	}
	if c.status().Import != nil {
		t.Errorf("the new generation knows of an import: %+v", c.status())
	}
}

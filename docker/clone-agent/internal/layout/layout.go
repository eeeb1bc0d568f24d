// Package layout names the places of a clone's containers: what the image brings, what the pod mounts.
package layout

// Places in both containers.
const (
	SecretDir = "/etc/clone" // generation, db-password, in mysql also root-password
	RunDir    = "/run/clone" // memory
	TempDir   = "/tmp"       // memory; sys_temp_dir in php.d
	Socket    = RunDir + "/agent.sock"

	GenerationKey   = "generation"
	DBPasswordKey   = "db-password"
	RootPasswordKey = "root-password"

	Mark          = ".generation" // in the volume: the generation that was restored into it
	ImportingMark = ".importing"  // in the volume: an import has begun and the clone is not usable yet
	JournalDir    = ".journal"    // in the wordpress volume: how far the marked import is
	JournalHead   = JournalDir + "/import.json"
	BackfillDir   = ".backfill" // in the wordpress volume: the clone is usable, and files still follow
)

// Places in the wordpress container.
const (
	SiteVolume   = "/var/www"
	DocrootName  = "html"
	Docroot      = SiteVolume + "/" + DocrootName
	LeaseDir     = SiteVolume + "/.clone" // what Apache and the guard must know of the lease; never served
	CoreDir      = "/opt/clone/site"
	SiteManifest = "/opt/clone/site.manifest"
	ApacheConfig = "/opt/clone/apache.conf"
	PHPConfigDir = "/opt/clone/php.d"
	PHPWarmDir   = "/opt/clone/php.warm.d" // added in a clone's pod
)

// Places in the mysql container.
const (
	DataVolume      = "/var/lib/mysql"
	DatadirName     = "data"
	Datadir         = DataVolume + "/" + DatadirName
	PristineArchive = "/opt/clone/pristine.tar.gz"
	DatadirManifest = "/opt/clone/datadir.manifest"
	MySQLConfig     = "/opt/clone/my.cnf"
	Baseline        = "/opt/clone/baseline.json"
)

// DBAddress is where the pod's MySQL listens.
const DBAddress = "127.0.0.1:3306"

// Scratch lists the directories that a restore empties; /dev/shm and /dev/mqueue are shared by the pod's containers.
var Scratch = []string{TempDir, RunDir, "/dev/shm", "/dev/mqueue"}

// TerminationLog is a file of the kubelet's that every process of the container may write to.
const TerminationLog = "/dev/termination-log"

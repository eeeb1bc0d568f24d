package source

// Protocol is the version that this client speaks.
const Protocol = 1

// Preflight is what a source says about itself (docs/protocol.md, section 4); only what an import uses.
type Preflight struct {
	Protocol      int    `json:"protocol"`
	PluginVersion string `json:"plugin_version"`
	Site          struct {
		Home      string `json:"home"`
		SiteURL   string `json:"siteurl"`
		Multisite bool   `json:"multisite"`
		Charset   string `json:"charset"`
		Title     string `json:"title"`
		Locale    string `json:"locale"`
	} `json:"site"`
	Network  *Network          `json:"network"`
	Paths    map[string]string `json:"paths"`
	URLs     map[string]string `json:"urls"`
	Versions struct {
		WordPress string `json:"wordpress"`
		PHP       string `json:"php"`
		Server    string `json:"server"`
		Database  string `json:"database"`
	} `json:"versions"`
	Database struct {
		Prefix  string `json:"prefix"`
		Charset string `json:"charset"`
	} `json:"database"`
	Plugins struct {
		Active  []string `json:"active"`
		DropIns []string `json:"drop_ins"`
	} `json:"plugins"`
	Limits struct {
		MaxParts  int `json:"max_parts"`
		MaxTables int `json:"max_tables"` // of one request for rows; 0: it knows of one only
	} `json:"limits"`
	Tables        []TableSize `json:"tables"`
	LeftOut       []LeftOut   `json:"left_out"`
	BytesEstimate int64       `json:"bytes_estimate"`
	RowsEstimate  int64       `json:"rows_estimate"`
	Roots         []Root      `json:"roots"`
	Files         struct {
		Complete bool  `json:"complete"`
		Count    int64 `json:"count"`
		Bytes    int64 `json:"bytes"`
		ByRoot   map[string]struct {
			Count int64 `json:"count"`
			Bytes int64 `json:"bytes"`
		} `json:"by_root"`
	} `json:"files"`
}

// Network is what a source that is a network of sites says about them.
type Network struct {
	ID               int64  `json:"id"`
	SubdomainInstall bool   `json:"subdomain_install"`
	Domain           string `json:"domain"`
	Path             string `json:"path"`
	MainSiteID       int64  `json:"main_site_id"`
	Sites            []struct {
		BlogID    int64  `json:"blog_id"`
		NetworkID int64  `json:"network_id"`
		Domain    string `json:"domain"`
		Path      string `json:"path"`
		Archived  bool   `json:"archived"`
		Spam      bool   `json:"spam"`
		Deleted   bool   `json:"deleted"`
	} `json:"sites"`
}

// TableSize is a table's entry in Preflight.
type TableSize struct {
	Name  string `json:"name"`
	Type  string `json:"type"` // table or view
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
}

// LeftOut is a table that the source does not send.
type LeftOut struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Root is a tree of files and where it belongs, relative to the document root.
type Root struct {
	Name   string `json:"name"`
	Path   string `json:"path"` // on the source
	Target string `json:"target"`
}

// Table is a table's or view's definition (section 5).
type Table struct {
	Name      string    `json:"name"`
	Type      string    `json:"type"`
	Engine    string    `json:"engine"`
	Rows      int64     `json:"rows"`
	Bytes     int64     `json:"bytes"`
	Create    string    `json:"create"`
	RowFilter string    `json:"row_filter"`
	Columns   []Column  `json:"columns"`
	Triggers  []Trigger `json:"triggers"`
}

// Column is one column of a table.
type Column struct {
	Name      string `json:"name"`
	Type      string `json:"type"`
	DataType  string `json:"data_type"`
	Kind      string `json:"kind"`
	Charset   string `json:"charset"`
	Generated bool   `json:"generated"`
}

// Trigger is one trigger, without its definer.
type Trigger struct {
	Name                string `json:"name"`
	Timing              string `json:"timing"`
	Event               string `json:"event"`
	Statement           string `json:"statement"`
	SQLMode             string `json:"sql_mode"`
	CharsetClient       string `json:"charset_client"`
	CollationConnection string `json:"collation_connection"`
}

// Kinds of cells (section 5).
const (
	KindText     = "text"
	KindBinary   = "binary"
	KindNumber   = "number"
	KindBit      = "bit"
	KindJSON     = "json"
	KindGeometry = "geometry"
	KindTemporal = "temporal"
	KindOther    = "other"
)

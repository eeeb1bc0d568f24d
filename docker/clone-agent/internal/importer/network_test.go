package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/importer/sourcetest"
	"clonepool.dev/clone-agent/internal/job"
)

// networkShop is the shop as the main site of a network, with a second site in /two/ or under the given host.
func networkShop(second string) sourcetest.Site {
	site := shop()
	text := func(names ...string) (out []source.Column) {
		for _, name := range names {
			out = append(out, source.Column{Name: name, Kind: source.KindText, Type: "varchar(200)", Charset: "utf8mb4"})
		}
		return out
	}
	define := func(name, columns string, names ...string) source.Table {
		return source.Table{Name: name, Type: "table", Engine: "InnoDB", Create: "CREATE TABLE `" + name + "` (\n" + columns + "\n)", Columns: text(names...)}
	}
	host := strings.TrimPrefix(home, "https://")
	site.Tables = append(site.Tables,
		sourcetest.Table{Table: define("wp_site", "`id` bigint, `domain` varchar(200), `path` varchar(100)", "id", "domain", "path"), Cells: [][]any{{"1", host, "/"}}},
		sourcetest.Table{
			Table: define("wp_blogs", "`blog_id` bigint, `site_id` bigint, `domain` varchar(200), `path` varchar(100), `public` tinyint DEFAULT 1, `archived` tinyint DEFAULT 0,"+
				" `spam` tinyint DEFAULT 0, `deleted` tinyint DEFAULT 0", "blog_id", "site_id", "domain", "path", "deleted"),
			Cells: [][]any{{"1", "1", host, "/", "0"}, {"2", "1", second, "/two/", "0"}, {"3", "1", "gone.example.org", "/", "1"}},
		},
		sourcetest.Table{
			Table: define("wp_2_options", "`option_id` bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, `option_name` varchar(191), `option_value` longtext, `autoload` varchar(20)",
				"option_id", "option_name", "option_value", "autoload"),
			Cells: [][]any{{"1", "siteurl", home + "/two", "yes"}, {"2", "custom_migrator_keys", "secret", "no"}},
		},
		sourcetest.Table{
			Table: define("wp_sitemeta", "`meta_id` bigint, `site_id` bigint, `meta_key` varchar(191), `meta_value` longtext", "meta_id", "site_id", "meta_key", "meta_value"),
			Cells: [][]any{{"1", "1", "siteurl", home + "/"}, {"2", "1", "custom_migrator_keys", "secret"}},
		})
	site.Preflight = map[string]any{
		"site": map[string]any{"home": home, "siteurl": home, "multisite": true},
		"network": map[string]any{
			"id": 1, "domain": host, "path": "/", "main_site_id": 1, "complete": true, "sites": []map[string]any{
				{"blog_id": 1, "network_id": 1, "domain": host, "path": "/"}, {"blog_id": 2, "network_id": 1, "domain": second, "path": "/two/"},
				{"blog_id": 3, "network_id": 1, "domain": "gone.example.org", "path": "/", "deleted": true},
			},
		},
	}
	return site
}

func networks(t *testing.T, address database.Address) {
	t.Run("with sites in folders", func(t *testing.T) {
		env := pod(t, address, works)
		line := importAll(t, sourcetest.Start(t, networkShop("www.shop.example.com")), env, nil)
		if line.Result != job.ResultOK {
			t.Fatalf("%+v", line)
		}
		pool := open(t, address)
		for query, want := range map[string]string{
			"SELECT GROUP_CONCAT(domain, path ORDER BY blog_id) FROM wp_blogs":                           "acme.clones.test/,acme.clones.test/two/,gone.example.org/",
			"SELECT domain FROM wp_site":                                                                 "acme.clones.test",
			"SELECT GROUP_CONCAT(option_name, '=', option_value ORDER BY option_name) FROM wp_2_options": "blog_public=0,siteurl=https://acme.clones.test/two",
			"SELECT GROUP_CONCAT(meta_key, '=', meta_value) FROM wp_sitemeta":                            "siteurl=https://acme.clones.test/",
			"SELECT option_value FROM wp_options WHERE option_name = 'home'":                             "https://acme.clones.test",
			"SELECT SUM(public) FROM wp_blogs":                                                           "0",
		} {
			var got string
			if err := pool.QueryRow(query).Scan(&got); err != nil || got != want {
				t.Errorf("%s: %q (%v), want %q", query, got, err, want)
			}
		}
		config, err := os.ReadFile(filepath.Join(env.Docroot, "wp-config.php"))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"define('MULTISITE', true);", "define('DOMAIN_CURRENT_SITE', 'acme.clones.test');", "define('PATH_CURRENT_SITE', '/');", "define('SUBDOMAIN_INSTALL', false);"} {
			if !strings.Contains(string(config), want) {
				t.Errorf("no %s", want)
			}
		}
		if strings.Contains(string(config), "WP_HOME") {
			t.Error("WP_HOME would be the address of every site")
		}
		if rules, err := os.ReadFile(filepath.Join(env.Docroot, ".htaccess")); err != nil || !strings.Contains(string(rules), "wp-(content|admin|includes)") {
			t.Errorf("%s, %v", rules, err)
		}
	})
	t.Run("with hosts of their own", func(t *testing.T) {
		wantFailure(t, importAll(t, sourcetest.Start(t, networkShop("two.example.com")), pod(t, address, works), nil), job.Incompatible)
	})
	t.Run("with hosts that it does not tell", func(t *testing.T) {
		site := networkShop("two.example.com")
		site.Preflight["network"].(map[string]any)["sites"] = nil
		wantFailure(t, importAll(t, sourcetest.Start(t, site), pod(t, address, works), nil), job.Incompatible)
	})
}

"""What a copy of a live site must never do, tried by one that wants to: mail, background runs, calls."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from lab.cluster import net
from lab.kubectl import run_in
from tests.e2e.hostile import PLUGIN, ledger, put, run, shell

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Installation, Source

CALL = """$answer = wp_remote_post('%s', ['timeout' => 3, 'body' => 'secret']);
$said = is_wp_error($answer) ? $answer->get_error_code() : $answer['response']['code'];"""
DIRECT = """try { $said = WpOrg\\Requests\\Requests::get('%s')->status_code; }
catch (WpOrg\\Requests\\Exception $e) { $said = $e->getType(); }"""
REMOVED = "remove_all_filters('pre_http_request'); remove_all_actions('requests-requests.before_request');"
EARLIER = "add_filter('pre_http_request', fn() => ['response' => ['code' => 200], 'body' => 'paid'], 1);"
BLOCKED = "clone_guard_blocked"
GUARDED = "$said = function_exists('CloneGuard\\filter');"
HTACCESS = """php_value auto_prepend_file none
php_flag engine on
Options +ExecCGI +Includes
AddHandler cgi-script .pl
SetHandler server-status
SetEnv PHP_ADMIN_VALUE "auto_prepend_file=none"
Header always unset X-Robots-Tag
Header unset X-Robots-Tag
RewriteEngine On
RewriteRule ^robots\\.txt$ /readme.html [L]
AddType application/x-httpd-php .jpg
"""

INSIDE = """$head = "Host: HOST\r\nX-Forwarded-Proto: https\r\n";
$http = ['header' => $head, 'follow_location' => 0, 'ignore_errors' => true];
$page = file_get_contents('http://127.0.0.1/', false, stream_context_create(['http' => $http]));
echo substr($page, 0, 15), $http_response_header[0];"""

AROUND = """foreach (['tcp://NODE:6443', 'tcp://NODE:25', 'tcp://169.254.169.254:80'] as $to) {
    $said[] = @stream_socket_client($to, $code, $text, 2) !== false;
}
ini_set('default_socket_timeout', '2');
$said[] = @file_get_contents('http://169.254.169.254/') !== false;
$program = ['timeout', '3', 'bash', '-c', 'exec 3<>/dev/tcp/NODE/6443'];
$said[] = proc_close(proc_open($program, [], $pipes)) === 0;"""


@pytest.fixture
def clone(system: Installation, customer: Callable[..., str], small_source: Source) -> dict[str, Any]:
    """May call the source's host, which is there, and one that is not."""
    system.warm()
    allowed = ["api.allowed.test", urlsplit(small_source.url).hostname]
    return system.api.until_ready(system.clone(customer(), allow_hosts=allowed)["clone_id"])


def test_mail_ends_in_the_clone_and_is_shown(system: Installation, clone: dict[str, Any]) -> None:
    tried = """
        $to = ['ada@customers.test', 'bob@customers.test'];
        $said['wp_mail'] = wp_mail($to, 'Your order 4711', 'private body');
        $said['mail'] = mail('Eve <eve@others.test>', 'By hand', 'private body');
        require_once ABSPATH . WPINC . '/PHPMailer/PHPMailer.php';
        require_once ABSPATH . WPINC . '/PHPMailer/SMTP.php';
        require_once ABSPATH . WPINC . '/PHPMailer/Exception.php';
        $mailer = new PHPMailer\\PHPMailer\\PHPMailer();
        $mailer->isSMTP(); $mailer->Host = 'smtp.allowed.test';
        $mailer->setFrom('shop@live.test'); $mailer->addAddress('kim@third.test'); $mailer->Body = 'x';
        do_action_ref_array('phpmailer_init', [&$mailer]);
        $said['phpmailer'] = $mailer->send();
        $said['program'] = shell_exec('/usr/sbin/sendmail -t </dev/null 2>&1') ?: 'nothing';"""
    said = run(system, clone, tried)
    assert (said["wp_mail"], said["mail"], said["phpmailer"]) == (True, True, True)
    assert "not found" in said["program"] or said["program"] == "nothing"
    found = ledger(system, clone, "plugins/hostile")
    assert [(entry["kind"], entry["host"], entry["method"], entry["outcome"]) for entry in found] == [
        ("mail", "customers.test", "wp_mail", "blocked"),
        ("mail", "others.test", "mail", "blocked"),
        ("mail", "third.test", "mail", "blocked"),
    ]
    assert all("order" not in str(entry) and "private" not in str(entry) for entry in found)

    parts = urlsplit(system.api.login_link(clone["clone_id"])["url"])
    assert system.page(clone, f"{parts.path}?{parts.query}").status_code == 303
    shown = html.unescape(system.page(clone, "/wp-admin/tools.php?page=clone-guard").text)
    assert "Your order 4711" in shown
    assert "customers.test" in shown
    assert "ada@" not in shown
    assert "private body" not in shown
    assert "This is a clone" in system.page(clone, "/wp-admin/").text


def test_nothing_runs_in_the_background(system: Installation, clone: dict[str, Any]) -> None:
    run(
        system,
        clone,
        "wp_schedule_single_event(time() - 60, 'hostile_hook'); $said = _get_cron_array() !== [];",
    )
    put(
        clone,
        "wp-content/mu-plugins/hook.php",
        "<?php add_action('hostile_hook', function () { touch('/tmp/hook-ran'); });",
    )
    assert system.page(clone, "/wp-cron.php?doing_wp_cron=1").status_code == 204
    assert system.page(clone, "/wp-cron.php/x").status_code == 204
    assert system.page(clone, "/?doing_wp_cron=1").status_code == 200
    put(clone, f"{PLUGIN}/include.php", "<?php require '/var/www/html/wp-cron.php';")
    system.page(clone, f"/{PLUGIN}/include.php")
    assert "hook-ran" not in shell(clone, "ls /tmp")
    assert {entry["method"] for entry in ledger(system, clone, "core") if entry["kind"] == "cron"} == {
        "wp-cron.php"
    }


def test_the_site_calls_nobody_who_was_not_allowed(system: Installation, clone: dict[str, Any]) -> None:
    webhook = "https://hooks.payments.test/charge?card=4111111111111111"
    assert run(system, clone, CALL % webhook) == BLOCKED
    assert run(system, clone, EARLIER + CALL % webhook) == BLOCKED
    assert run(system, clone, REMOVED + CALL % webhook) in (BLOCKED, "http_request_failed")
    assert run(system, clone, REMOVED + DIRECT % webhook) == BLOCKED
    for disguised in ("http://api.allowed.test@10.0.0.1/", "http://hooks.test\\\\@api.allowed.test/"):
        assert run(system, clone, REMOVED + DIRECT % disguised) == BLOCKED
    for inside in (
        "http://169.254.169.254/latest/meta-data/",
        "https://kubernetes.default.svc/",
        "http://127.0.0.1/",
    ):
        assert run(system, clone, CALL % inside) == BLOCKED
    assert run(system, clone, CALL % "https://api.allowed.test/v1") != BLOCKED

    found = ledger(system, clone, "plugins/hostile")
    assert {(entry["host"], entry["outcome"]) for entry in found} >= {
        ("hooks.payments.test", "blocked"),
        ("169.254.169.254", "blocked"),
        ("api.allowed.test", "allowed"),
    }
    assert "4111" not in str(found)
    assert {entry["method"] for entry in found} == {"GET", "POST"}
    counts = system.api.call("GET", f"/clones/{clone['clone_id']}/outbound")["counts"]
    assert {"kind": "http", "host": "hooks.payments.test", "outcome": "blocked", "count": 4} in counts


def test_an_allowed_host_is_reached_and_what_goes_around_the_guard_meets_the_network(
    system: Installation, clone: dict[str, Any], small_source: Source
) -> None:
    assert run(system, clone, CALL % small_source.url) == 200
    assert run(system, clone, REMOVED + DIRECT % small_source.url) == 200
    assert run(system, clone, AROUND.replace("NODE", net.NODE_IP)) == [False] * 5


def test_a_plugin_in_a_loop_fills_no_disk(system: Installation, clone: dict[str, Any]) -> None:
    loop = 'for ($i = 0; $i < 3000; $i++) { wp_remote_get("http://h{$i}.test/"); }'
    run(system, clone, loop)
    assert int(shell(clone, "du -sk /var/www/.clone | cut -f1")) < 400
    assert len(ledger(system, clone, "plugins/hostile")) <= 200


def test_the_guard_cannot_be_undone(system: Installation, clone: dict[str, Any]) -> None:
    put(clone, ".htaccess", HTACCESS)
    put(clone, f"{PLUGIN}/.htaccess", HTACCESS)
    put(clone, f"{PLUGIN}/.user.ini", "auto_prepend_file=\ndisable_functions=\nsendmail_path=/tmp/x\n")
    put(clone, f"{PLUGIN}/cgi.pl", '#!/usr/bin/perl\nprint "Content-Type: text/plain\\n\\nRAN";\n')
    shell(clone, f"chmod 755 /var/www/html/{PLUGIN}/cgi.pl")
    assert run(system, clone, GUARDED) is True
    settings = """foreach (['auto_prepend_file', 'sendmail_path', 'disable_functions'] as $name) {
        @ini_set($name, ''); $said[] = ini_get($name); }"""
    assert run(system, clone, settings) == ["/opt/clone/guard/guard.php", "/bin/true", "mail"]
    for attack in ("unlink", "touch", "chmod"):
        tried = f"$said = @{attack}('/opt/clone/guard/guard.php'" + (
            ", 0777);" if attack == "chmod" else ");"
        )
        assert run(system, clone, tried) is False
    assert run(system, clone, "$said = @file_put_contents('/opt/clone/guard/guard.php', '');") is False
    assert run(system, clone, "$said = @rename('/opt/clone/guard', '/opt/clone/gone');") is False
    assert run(system, clone, GUARDED) is True
    started = (
        "file_put_contents('/tmp/s.php', '<?php echo (int) function_exists(\"CloneGuard\\\\\\\\filter\");');"
    )
    assert run(system, clone, started + "$said = shell_exec('php /tmp/s.php');") == "1"
    assert system.page(clone, f"/{PLUGIN}/cgi.pl").text != "RAN"
    page = system.page(clone, "/readme.html")
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow, noarchive"
    assert system.page(clone, "/robots.txt").text == "User-agent: *\nDisallow: /\n"
    assert "Apache Server Status" not in system.page(clone, f"/{PLUGIN}/server-status").text


def test_a_web_shell_among_the_uploads_is_not_run(system: Installation, clone: dict[str, Any]) -> None:
    uploads = "wp-content/uploads/2026/11"
    for name in ("shell.php", "shell.phtml", "shell.PHP7", "shell.phar", "shell.jpg", "shell.php.jpg"):
        put(clone, f"{uploads}/{name}", "<?php echo 'RA', 'N';")
    put(
        clone,
        f"{uploads}/.htaccess",
        "AddType application/x-httpd-php .jpg\nRequire all granted\nphp_flag engine on\n",
    )
    for name in ("shell.php", "shell.phtml", "shell.PHP7", "shell.phar", "shell.php/x.jpg"):
        assert system.page(clone, f"/{uploads}/{name}").status_code == 403
    for name in ("shell.jpg", "shell.php.jpg"):
        assert "RAN" not in system.page(clone, f"/{uploads}/{name}").text


def test_search_engines_are_told_three_times(system: Installation, clone: dict[str, Any]) -> None:
    page = system.page(clone)
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert "noindex" in page.text.partition("name='robots'")[2][:80]
    assert "Disallow: /" in system.page(clone, "/robots.txt").text
    assert run(system, clone, "update_option('blog_public', '1'); $said = get_option('blog_public');") == "0"


def test_drop_ins_do_not_run_whoever_installs_them(system: Installation, clone: dict[str, Any]) -> None:
    for name in ("object-cache.php", "advanced-cache.php", "db.php"):
        put(clone, f"wp-content/{name}", "<?php touch('/tmp/drop-in-ran'); die('no connection to Redis');")
    assert system.page(clone).status_code == 200
    assert "drop-in-ran" not in shell(clone, "ls /tmp")


def test_a_cookie_is_for_this_clone_alone_whatever_the_site_says(
    system: Installation, clone: dict[str, Any]
) -> None:
    """One for the domain that all clones share would reach those of other customers."""
    put(clone, ".htaccess", f'Header always add Set-Cookie "c=1; domain={system.domain}"\n')
    shared = f"""<?php http_response_code((int) $_GET['status']);
    header('Set-Cookie: a=1; Path=/; DOMAIN = .{system.domain} ; Secure', false);
    header('Set-Cookie: b=2;domain={system.domain}; HttpOnly', false);"""
    put(clone, "cookies.php", shared)
    for status in (200, 404):
        said = system.page(clone, f"/cookies.php?status={status}").headers["Set-Cookie"]
        assert "domain" not in said.lower()
        assert all(part in said for part in ("a=1; Path=/; Secure", "b=2; HttpOnly"))


def test_sessions_of_the_source_are_dead(
    system: Installation, clone: dict[str, Any], small_source: Source
) -> None:
    source = urlsplit(small_source.url).hostname or ""
    user, password = small_source.admin_user, small_source.admin_password
    assert system.visitor.login(source, user, password).status_code == 200
    system.visitor.cookies[system.host(clone)] |= system.visitor.cookies[source]
    assert system.page(clone, "/wp-admin/").status_code == 302
    tokens = """global $wpdb; $said = $wpdb->get_var(
        "SELECT COUNT(*) FROM $wpdb->usermeta WHERE meta_key = 'session_tokens'");"""
    assert run(system, clone, tokens) == "0"


def test_a_service_inside_the_cluster_is_not_sent_away(system: Installation, clone: dict[str, Any]) -> None:
    """Asked by its internal name the clone answers, and believes nothing of who claims to be the ingress."""
    inside = urlsplit(clone["target_url"]).hostname
    ask = INSIDE.replace("HOST", inside or "")
    done = run_in(clone["pod_name"], "wordpress", ["php", "-r", ask])
    assert done.stdout.decode().startswith("<!DOCTYPE html>"), done.stdout
    assert b"200" in done.stdout
    scheme = "<?php echo (int) isset($_SERVER['HTTPS']);"
    put(clone, "scheme.php", scheme)
    assert system.page(clone, "/scheme.php").text == "1"
    done = run_in(
        clone["pod_name"], "wordpress", ["php", "-r", ask.replace("127.0.0.1/", "127.0.0.1/scheme.php")]
    )
    assert done.stdout.startswith(b"0")

<?php

declare(strict_types=1);

namespace CustomMigrator\Admin;

use CustomMigrator\AuditLog;
use CustomMigrator\Auth\KeyStore;

/**
 * Tools > Custom Migrator: the keys, and who used them.
 *
 * On a multisite Network Admin > Settings: a key opens all sites of the network.
 */
final class Page
{
    private const SLUG = 'custom-migrator';
    private const ACTION = 'custom_migrator_key';
    private const LABEL_CHARACTERS = 60;
    private const MOST_DAYS = 3650;

    /** @var KeyStore */
    private $keys;
    /** @var AuditLog */
    private $log;
    /** @var string|null */
    private $newKey;

    public function __construct(KeyStore $keys, AuditLog $log)
    {
        $this->keys = $keys;
        $this->log = $log;
    }

    public function register(): void
    {
        add_action(is_multisite() ? 'network_admin_menu' : 'admin_menu', function (): void {
            $title = __('Custom Migrator', 'custom-migrator');
            $parent = is_multisite() ? 'settings.php' : 'tools.php';
            $hook = add_submenu_page($parent, $title, $title, self::capability(), self::SLUG, [$this, 'show']);
            add_action('load-' . $hook, [$this, 'handle']);
        });
    }

    private static function capability(): string
    {
        return is_multisite() ? 'manage_network_options' : 'manage_options';
    }

    /** Before any output, so that a refusal has its status. */
    public function handle(): void
    {
        if (!current_user_can(self::capability())) {
            wp_die(esc_html__('You are not allowed to do this.', 'custom-migrator'), '', ['response' => 403]);
        }
        nocache_headers();
        header('Cache-Control: no-store, no-cache, private, max-age=0'); // it may show a key
        if (isset($_POST['custom_migrator_do'])) {
            check_admin_referer(self::ACTION);
            $this->newKey = $this->act(self::posted('custom_migrator_do'), self::posted('key_id'));
        }
    }

    /** A new key is shown in the answer to the form itself: stored nowhere, gone with the page. */
    public function show(): void
    {
        (new View(self::ACTION))->render($this->keys->all(), $this->log->entries(), $this->newKey);
    }

    /** @return string|null a key to show once */
    private function act(string $what, string $keyId): ?string
    {
        $now = time();
        if ($what === 'create') {
            $days = min(self::MOST_DAYS, (int) self::posted('days'));
            $label = mb_substr(self::posted('label'), 0, self::LABEL_CHARACTERS);
            $key = $this->keys->create($label, $now, KeyStore::endAfter($days, $now));
            $this->note('key created', KeyStore::idOf($key));
            return $key;
        }
        if (!($this->keys->all()[$keyId]['active'] ?? false)) {
            return null; // the form was sent twice, or a colleague was faster
        }
        if ($what === 'rotate') {
            $key = $this->keys->rotate($keyId, $now);
            $this->note('key revoked', $keyId);
            $this->note('key created', KeyStore::idOf($key));
            return $key;
        }
        if ($what === 'revoke') {
            $this->keys->revoke($keyId, $now);
            $this->note('key revoked', $keyId);
        }
        return null;
    }

    private function note(string $event, string $keyId): void
    {
        $this->log->note($event, time(), ['key_id' => $keyId, 'user' => wp_get_current_user()->user_login]);
    }

    private static function posted(string $name): string
    {
        $value = $_POST[$name] ?? '';
        return is_string($value) ? sanitize_text_field(wp_unslash($value)) : '';
    }
}

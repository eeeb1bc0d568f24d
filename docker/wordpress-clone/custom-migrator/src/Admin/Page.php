<?php

declare(strict_types=1);

namespace CustomMigrator\Admin;

use CustomMigrator\AuditLog;
use CustomMigrator\Auth\KeyStore;

/** Tools > Custom Migrator: the keys, and who used them. */
final class Page
{
    private const SLUG = 'custom-migrator';
    private const CAPABILITY = 'manage_options';
    private const ACTION = 'custom_migrator_key';

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
        add_action('admin_menu', function (): void {
            $title = __('Custom Migrator', 'custom-migrator');
            $hook = add_management_page($title, $title, self::CAPABILITY, self::SLUG, [$this, 'show']);
            add_action('load-' . $hook, [$this, 'handle']);
        });
    }

    /** Before any output, so that a refusal has its status. */
    public function handle(): void
    {
        if (!current_user_can(self::CAPABILITY)) {
            wp_die(esc_html__('You are not allowed to do this.', 'custom-migrator'), '', ['response' => 403]);
        }
        nocache_headers();
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
        $active = $this->keys->all()[$keyId]['active'] ?? false;
        if ($what !== 'create' && !$active) {
            return null; // the form was sent twice, or a colleague was faster
        }
        $this->log->note('key ' . $what, $now, ['key_id' => $keyId, 'user' => wp_get_current_user()->user_login]);
        switch ($what) {
            case 'create':
                $days = (int) self::posted('days');
                return $this->keys->create(self::posted('label'), $now, $days > 0 ? $now + $days * 86400 : null);
            case 'rotate':
                return $this->keys->rotate($keyId, $now);
            case 'revoke':
                $this->keys->revoke($keyId, $now);
        }
        return null;
    }

    private static function posted(string $name): string
    {
        $value = $_POST[$name] ?? '';
        return is_string($value) ? sanitize_text_field(wp_unslash($value)) : '';
    }
}

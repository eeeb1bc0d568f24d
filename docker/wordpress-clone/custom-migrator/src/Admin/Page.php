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

    public function __construct(KeyStore $keys, AuditLog $log)
    {
        $this->keys = $keys;
        $this->log = $log;
    }

    public function register(): void
    {
        add_action('admin_menu', function (): void {
            $title = __('Custom Migrator', 'custom-migrator');
            add_management_page($title, $title, self::CAPABILITY, self::SLUG, [$this, 'show']);
        });
    }

    /** A new key is shown in the answer to the form itself: stored nowhere, gone with the page. */
    public function show(): void
    {
        if (!current_user_can(self::CAPABILITY)) {
            wp_die(esc_html__('You are not allowed to do this.', 'custom-migrator'), '', ['response' => 403]);
        }
        $newKey = null;
        if (isset($_POST['custom_migrator_do'])) {
            check_admin_referer(self::ACTION);
            nocache_headers();
            $newKey = $this->act((string) wp_unslash($_POST['custom_migrator_do']), self::posted('key_id'));
        }
        (new View(self::ACTION))->render($this->keys->all(), $this->log->entries(), $newKey);
    }

    /** @return string|null a key to show once */
    private function act(string $what, string $keyId): ?string
    {
        $now = time();
        $days = (int) self::posted('days');
        $this->log->note('key ' . $what, $now, ['key_id' => $keyId, 'user' => wp_get_current_user()->user_login]);
        switch ($what) {
            case 'create':
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

<?php

declare(strict_types=1);

namespace CustomMigrator;

use CustomMigrator\Admin\Page;
use CustomMigrator\Auth\Authenticator;
use CustomMigrator\Auth\Job;
use CustomMigrator\Auth\KeyStore;
use CustomMigrator\Auth\NonceStore;
use CustomMigrator\Auth\Refused;

/** Wires the parts to WordPress. The only class that ends the process. */
final class Plugin
{
    public const VERSION = '1.0.0';
    public const PROTOCOL = 1;
    public const OPTION_PREFIX = 'custom_migrator_';

    public static function boot(string $mainFile): void
    {
        $request = Request::fromGlobals($_SERVER, $_GET);
        if ($request !== null) {
            self::handle($request, dirname($mainFile));
        }
        if (is_admin()) {
            (new Page(self::keys(), self::log()))->register();
        }
        // WordPress's own daily round: nonces of the last import would stay until the next one.
        add_action('wp_scheduled_delete', static function (): void {
            (new NonceStore(self::rows()))->sweep(time());
        });
    }

    public static function keys(): KeyStore
    {
        return new KeyStore(self::rows());
    }

    public static function log(): AuditLog
    {
        return new AuditLog(self::rows());
    }

    private static function rows(): OptionRows
    {
        return WpdbOptionRows::ofWordPress();
    }

    /** Answers and exits, or leaves the request to WordPress, which knows no such page. */
    private static function handle(Request $request, string $folder): void
    {
        $authenticator = new Authenticator(self::keys(), new NonceStore(self::rows()));
        try {
            $job = $authenticator->authenticate($request, time());
        } catch (Refused $refused) {
            self::log()->refused($request, $refused, time());
            self::showNotFound($request);
            return;
        }
        if ($request->endpoint() === 'preflight') {
            self::log()->exportBegun($request, $job, time());
        }
        self::answer($request, $job, $folder);
        // Plugins that wait for the end of a page would find a WordPress that has not been loaded.
        remove_all_actions('shutdown');
        exit;
    }

    private static function answer(Request $request, Job $job, string $folder): void
    {
        Output::prepare();
        $answer = new Wire\Answer($job->key(), $request->nonce(), $request->endpoint(), [Output::class, 'send']);
        // Also if the client hangs up or PHP's own limits end this.
        register_shutdown_function(static function () use ($answer, $request, $job): void {
            self::log()->exported($request, $job, $answer->bytes(), time());
        });
        (new Dispatcher(static function () use ($folder): Site {
            return WordPressSite::read($folder);
        }))->run($request, $answer);
    }

    /** REST answers 404 by itself (there is no such route); an unknown parameter would show the front page. */
    private static function showNotFound(Request $request): void
    {
        if ($request->isRest()) {
            return;
        }
        add_action('template_redirect', static function (): void {
            $GLOBALS['wp_query']->set_404();
            status_header(404);
            nocache_headers();
        }, 0);
    }
}

<?php

/**
 * Mail ends here, and looks sent to the site: wp_mail(), the mailer of plugins that bring a wp_mail() of their own, and
 * mail() itself (php.warm.d takes PHP's away). A socket to a mail server meets the network, which lets none through.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard {

    /**
     * Note a mail once for each domain that it was for.
     *
     * @param string|list<string> $to Addresses, with or without names.
     */
    function caught(string $method, string|array $to, string $subject): void
    {
        $all = is_array($to) ? implode(',', array_filter($to, 'is_string')) : $to;
        preg_match_all('/@([A-Za-z0-9.-]+)/', $all, $found);
        $domains = array_unique(array_map('strtolower', $found[1])) ?: ['?'];
        foreach (array_slice($domains, 0, 5) as $domain) {
            ledger()->note('mail', $domain, $method, 'blocked', $subject);
        }
    }

    filter('pre_wp_mail', static function (mixed $sent, mixed $mail): bool {
        $mail = is_array($mail) ? $mail : [];
        $to = $mail['to'] ?? '';
        $subject = $mail['subject'] ?? '';
        caught('wp_mail', is_array($to) ? $to : (string) $to, is_string($subject) ? $subject : '');
        return true;
    }, 2);

    filter('phpmailer_init', static function (mixed $mailer): void {
        if (is_object($mailer)) {
            $mailer->Mailer = 'mail';
        }
    });
}

namespace {

    if (!function_exists('mail')) {
        /** Instead of PHP's: noted, and reported as sent. */
        function mail($to, $subject, $message, $additional_headers = [], $additional_params = ''): bool
        {
            CloneGuard\caught('mail', (string) $to, (string) $subject);
            return true;
        }
    }
}

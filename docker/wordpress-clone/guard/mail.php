<?php

/**
 * Mail ends here. To the site it looks sent; sendmail_path takes care of mail() itself.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

filter('pre_wp_mail', static function (mixed $sent, array $mail): bool {
    $recipients = is_array($mail['to'] ?? '') ? $mail['to'] : explode(',', (string) ($mail['to'] ?? ''));
    note('mail', ['recipients' => count($recipients), 'subject_bytes' => strlen((string) ($mail['subject'] ?? ''))]);
    return true;
}, 2);

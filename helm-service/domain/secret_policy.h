#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/status/status.h"

namespace berth::helm {

/// Whether values of Secrets are shown or replaced by a mark.
enum class SecretValues { kMasked, kShown };

/// Who may see values of Secrets: nobody, unless the server's configuration says otherwise.
struct SecretPolicy {
  bool allow_showing = false;

  /// What a caller gets who asks to see them, or not. Errors: PERMISSION_DENIED
  /// (SECRETS_NOT_SHOWN).
  absl::StatusOr<SecretValues> Decide(bool asked) const {
    if (!asked) return SecretValues::kMasked;
    if (allow_showing) return SecretValues::kShown;
    return Error(absl::StatusCode::kPermissionDenied, Reason::ERROR_REASON_SECRETS_NOT_SHOWN,
                 "show_secrets: this server does not show values of Secrets "
                 "(helm.allow_showing_secrets is off)");
  }
};

}  // namespace berth::helm

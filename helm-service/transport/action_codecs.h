#pragma once

#include "helm-service/domain/release_handler.h"
#include "helm-service/domain/unlock_handler.h"

namespace berth::helm {

/// How each mutating RPC's request is read, and its result written.
ActionCodec InstallCodec();
ActionCodec UpgradeCodec();
ActionCodec RollbackCodec();
ActionCodec UninstallCodec();
ActionCodec TestCodec();
UnlockCodec MakeUnlockCodec();

}  // namespace berth::helm

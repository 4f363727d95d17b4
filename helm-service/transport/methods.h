#pragma once

namespace berth::helm {

/// Full names of the RPCs that create operations; they are stored in the records.
inline constexpr char kInstallMethod[] = "berth.helm.v1.HelmService/InstallRelease";
inline constexpr char kUpgradeMethod[] = "berth.helm.v1.HelmService/UpgradeRelease";
inline constexpr char kRollbackMethod[] = "berth.helm.v1.HelmService/RollbackRelease";
inline constexpr char kUninstallMethod[] = "berth.helm.v1.HelmService/UninstallRelease";
inline constexpr char kTestMethod[] = "berth.helm.v1.HelmService/TestRelease";
inline constexpr char kUnlockMethod[] = "berth.helm.v1.HelmService/UnlockRelease";

}  // namespace berth::helm

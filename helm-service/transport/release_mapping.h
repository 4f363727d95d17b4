#pragma once

#include "helm-service/domain/release.h"

#include "berth/helm/v1/release.pb.h"

namespace berth::helm {

/// A release as the contract has it, with notes.
v1::Release ToProto(const Release& release);

/// The same as the result of an operation, which is stored: without notes, which may show what a
/// chart made up, and with every text cut to 256 bytes.
v1::Release ToStoredProto(const Release& release);

}  // namespace berth::helm

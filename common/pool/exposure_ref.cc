#include "common/pool/exposure_ref.h"

#include "common/kube/object.h"

namespace berth::pool {

std::optional<ExposureRef> ParseExposureRef(const kube::Json& object) {
  const kube::Json& reference = kube::At(object, {"spec", "exposureRef"});
  if (!reference.is_object()) {
    return std::nullopt;
  }
  return ExposureRef{.ns = kube::StringAt(reference, {"namespace"}),
                     .name = kube::StringAt(reference, {"name"}),
                     .uid = kube::StringAt(reference, {"uid"}),
                     .generation = kube::IntAt(reference, {"generation"}).value_or(0)};
}

kube::Json ToJson(const ExposureRef& exposure) {
  return {{"namespace", exposure.ns},
          {"name", exposure.name},
          {"uid", exposure.uid},
          {"generation", exposure.generation}};
}

}  // namespace berth::pool

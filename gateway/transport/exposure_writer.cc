#include "gateway/transport/exposure_writer.h"

#include <utility>
#include <variant>

namespace berth::gateway {
namespace {

absl::Status UnlessOvertaken(const absl::Status& written) {
  return absl::IsAborted(written) || absl::IsNotFound(written) || absl::IsAlreadyExists(written)
             ? absl::OkStatus()
             : written;
}

}  // namespace

absl::Status ExposureWriter::Write(const ExposeStep& step, const std::optional<Exposure>& found,
                                   const std::string& operation, ExposePlan plan,
                                   const Save& save) {
  if (std::holds_alternative<CreateExposure>(step)) {
    return UnlessOvertaken(store_.Create(
        {.key = plan.key,
         .spec = plan.spec,
         .created_by = operation,
         .deployed_release = plan.release.has_value() ? plan.release->str() : std::string()}));
  }
  if (std::holds_alternative<ReplaceExposure>(step)) {
    return UnlessOvertaken(store_.ReplaceSpec(*found, plan.spec));
  }
  if (std::holds_alternative<JoinExposure>(step)) {
    return UnlessOvertaken(store_.DropCreatedBy(*found));
  }
  if (const auto* former = std::get_if<RecordFormer>(&step)) {
    plan.former = former->former;
  }
  if (const auto* record = std::get_if<RecordExposure>(&step)) {
    plan.uid = record->uid;
    plan.generation = record->generation;
  }
  return save(plan);
}

absl::Status ExposureWriter::TakeBack(const ExposeUndoStep& step, const Exposure& found,
                                      const ExposePlan& plan) {
  if (std::holds_alternative<TakeBackExposure>(step)) {
    return UnlessOvertaken(store_.Delete(found));
  }
  return UnlessOvertaken(store_.ReplaceSpec(found, plan.former->spec));
}

}  // namespace berth::gateway

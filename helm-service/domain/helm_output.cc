#include "helm-service/domain/helm_output.h"

#include <cstddef>
#include <utility>

namespace berth::helm {
namespace {

constexpr std::size_t kKeptMessages = 40;

}  // namespace

HelmOutput::HelmOutput(std::shared_ptr<operation::Reporter> reporter,
                       std::shared_ptr<const Redactor> redactor, const Action& action)
    : reporter_(std::move(reporter)),
      redactor_(std::move(redactor)),
      log_(/*shows_values=*/ReadsChart(action) || IsTest(action)) {}

void HelmOutput::OnLine(HelmStream stream, const std::string& line) {
  const std::optional<HelmLog::Entry> entry = log_.Read(stream, line);
  if (!entry.has_value()) return;
  std::string text = redactor_->Redact(entry->text);
  if (entry->kind == HelmLog::Kind::kWaiting) reporter_->Phase("WAITING", text);
  reporter_->Line("helm",
                  stream == HelmStream::kStderr ? operation::v1::OutputLine::STREAM_STDERR
                                                : operation::v1::OutputLine::STREAM_STDOUT,
                  text);
  if (entry->kind != HelmLog::Kind::kMessage) return;
  const MutexLock lock(mutex_);
  messages_.push_back(std::move(text));
  if (messages_.size() > kKeptMessages) messages_.pop_front();
}

void HelmOutput::OnExit(absl::StatusOr<HelmExit> exit) {
  {
    const MutexLock lock(mutex_);
    exit_ = std::move(exit);
  }
  reporter_->Wake();
}

std::optional<absl::StatusOr<HelmExit>> HelmOutput::exit() const {
  const MutexLock lock(mutex_);
  return exit_;
}

std::vector<std::string> HelmOutput::messages() const {
  const MutexLock lock(mutex_);
  return {messages_.begin(), messages_.end()};
}

}  // namespace berth::helm

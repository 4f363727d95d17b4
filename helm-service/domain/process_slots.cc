#include "helm-service/domain/process_slots.h"

#include <utility>

namespace berth::helm {

ProcessSlots::Ticket::Ticket(ProcessSlots& slots, std::string ns, std::function<void()> wake)
    : slots_(slots), ns_(std::move(ns)), wake_(std::move(wake)) {}

ProcessSlots::Ticket::~Ticket() { slots_.Leave(*this); }

bool ProcessSlots::Ticket::granted() const {
  const MutexLock lock(slots_.mutex_);
  return granted_;
}

std::unique_ptr<ProcessSlots::Ticket> ProcessSlots::Enter(const std::string& ns,
                                                          std::function<void()> wake) {
  std::unique_ptr<Ticket> ticket(new Ticket(*this, ns, std::move(wake)));
  bool waits = false;
  {
    const MutexLock lock(mutex_);
    waiting_[ns].push_back(ticket.get());
    // A slot is only free while nobody waits, so this grants the new ticket or none.
    waits = GrantNext() == nullptr;
  }
  if (waits) on_waiting_(+1);
  return ticket;
}

void ProcessSlots::Leave(Ticket& ticket) {
  std::function<void()> wake;
  bool one_less = false;
  {
    const MutexLock lock(mutex_);
    if (ticket.granted_) {
      ++free_;
      // Copied: the ticket may be gone once the mutex is free.
      if (const Ticket* next = GrantNext()) wake = next->wake_;
      one_less = wake != nullptr;
    } else {
      std::deque<Ticket*>& line = waiting_[ticket.ns_];
      std::erase(line, &ticket);
      if (line.empty()) waiting_.erase(ticket.ns_);
      one_less = true;
    }
  }
  if (one_less) on_waiting_(-1);
  if (wake) wake();
}

ProcessSlots::Ticket* ProcessSlots::GrantNext() {
  if (free_ == 0 || waiting_.empty()) return nullptr;
  auto next = waiting_.upper_bound(last_namespace_);
  if (next == waiting_.end()) next = waiting_.begin();
  last_namespace_ = next->first;
  Ticket* ticket = next->second.front();
  next->second.pop_front();
  if (next->second.empty()) waiting_.erase(next);
  ticket->granted_ = true;
  --free_;
  return ticket;
}

}  // namespace berth::helm

// A run: a pool of threads takes batches, which are sign prefixes, and gives parts of them to threads that have
// none. Figures add up, records leave in chunks. A run can be told to hand back what is left, as prefixes.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <new>
#include <string>
#include <vector>

#include "../base/hashing.hpp"
#include "../base/stopwatch.hpp"
#include "../interface/searchers.hpp"
#include "worker.hpp"

namespace relureg {

struct TakenSample {
    Sample sample;
    bool is_complete = false, is_stopped = false;
};

class Run {
  public:
    // `batches`: what to search; the empty prefix is the whole space. The last one is taken first.
    Run(Network network, Options options, int jobs, std::vector<Prefix> batches)
        : network_(std::move(network)), options_(options), jobs_(jobs), batches_(std::move(batches)) {
        network_.finish();
        control_.give_away = [this](Prefix prefix) { give_away(std::move(prefix)); };
        control_.hand_over = [this](Records records) { hand_over(std::move(records)); };
    }

    ~Run() {
        stop();
        join();
    }

    // A thread for each batch, up to `jobs`; the others begin as parts are given away, which is seldom so in a small
    // search. Until then they count as waiting for one.
    void start() {
        std::lock_guard lock(mutex_);
        start_workers();
    }

    void stop() {
        {
            std::lock_guard lock(mutex_);
            control_.stop = true;
        }
        changed_.notify_all();
    }

    // Come to an end soon: give away what is large, and take no more. After `join`, `remaining` tells what is left.
    void hand_back() {
        {
            std::lock_guard lock(mutex_);
            control_.is_over = true;
            note_hunger();
        }
        changed_.notify_all();
    }

    // Threads that end may have begun others. Each is joined as it goes.
    void join() {
        while (last_worker()) continue;
    }

    std::vector<Prefix> remaining() {
        std::lock_guard lock(mutex_);
        return batches_;
    }

    // A sample of what lies in the cell of a prefix; from any number of threads at once. It is incomplete where it
    // grows too large, and where the run is stopped.
    TakenSample sample(const Prefix& prefix, const SampleOptions& options) {
        TakenSample taken;
        std::string error;
        Control control;
        Options its_options;
        its_options.dictionaries = options_.dictionaries;
        std::atomic<bool> is_over{false};
        {
            Worker worker(stack(), [&] {
                try {
                    for (const bool wide : {false, true}) {
                        try {
                            taken.sample = make_search(network_, its_options, control, wide)->sample(prefix, options);
                            taken.is_complete = !control.stop;
                            break;
                        } catch (const TooManyFacetsError&) {
                        }
                    }
                } catch (const StoppedError&) {
                } catch (const std::exception& e) {
                    error = e.what();
                }
                std::lock_guard lock(mutex_);
                is_over = true;
                changed_.notify_all();
            });
            std::unique_lock lock(mutex_);
            while (!is_over) {
                changed_.wait_for(lock, std::chrono::milliseconds(20));
                if (control_.stop) control.stop = true;
            }
        }
        if (!error.empty()) throw std::runtime_error(error);
        taken.is_stopped = control.stop;
        return taken;
    }

    // Wait until every worker has ended, a chunk of records is ready or the time is over; true: all have ended.
    bool wait(double seconds) {
        std::unique_lock lock(mutex_);
        const auto ready = [this] { return ended_ == begun_ || !chunks_.empty(); };
        told_.wait_for(lock, std::chrono::duration<double>(seconds), ready);
        return ended_ == begun_;
    }

    bool take_chunk(Records& chunk) {
        {
            std::lock_guard lock(mutex_);
            if (chunks_.empty()) return false;
            chunk = std::move(chunks_.front());
            chunks_.pop_front();
        }
        changed_.notify_all();
        return true;
    }

    Result figures() {
        std::lock_guard lock(mutex_);
        Result copy;
        copy.add_figures(total_);
        return copy;
    }

    const Network& network() const { return network_; }
    std::int64_t regions_so_far() const { return control_.regions.load(); }
    bool is_out_of_regions() const { return control_.out_of_regions.load(); }
    double cpu_seconds() const { return 1e-9 * static_cast<double>(cpu_nanoseconds_.load()); }
    double fraction_done() const {
        return std::min(std::ldexp(static_cast<double>(control_.done.load()), -kReportDepth), 1.0);
    }
    // Empty: no error. "memory", or a contradiction in words.
    std::string error() {
        std::lock_guard lock(mutex_);
        return error_;
    }

  private:
    static constexpr std::size_t kMostChunks = 4;

    // The search recurses once a unit and once a stage; stacks are virtual memory until they are used. Those of small
    // networks are so small that the C library keeps them for the next thread.
    std::size_t stack() const { return (std::size_t{8} << 20) + 16384 * (network_.num_units + network_.stages.size()); }

    // As many as have a batch to take that no other one waits for.
    void start_workers() {
        const int parts = static_cast<int>(batches_.size());
        for (; begun_ < jobs_ && parts > waiting_ - (jobs_ - begun_); ++begun_)
            workers_.push_back(std::make_unique<Worker>(stack(), [this] { guard([this] { work(); }); }));
    }

    std::unique_ptr<Worker> last_worker() {
        std::lock_guard lock(mutex_);
        if (workers_.empty()) return nullptr;
        auto last = std::move(workers_.back());
        workers_.pop_back();
        return last;
    }

    void work() {
        bool is_first = true;
        for (Prefix prefix; next(prefix, is_first); is_first = false) keep(search(prefix));
        cpu_nanoseconds_ += thread_nanoseconds();
    }

    // Take a batch; wait for one while other threads may give parts of theirs away. False: nothing is left to do. A
    // run that is over at once still takes its first unit, so that runs one after the other come to an end.
    bool next(Prefix& prefix, bool is_first) {
        std::unique_lock lock(mutex_);
        if (!is_first) ++waiting_;
        note_hunger();
        const auto is_ending = [this, is_first] { return control_.stop || (control_.is_over && !is_first); };
        changed_.wait(lock, [&] { return !batches_.empty() || waiting_ == jobs_ || is_ending(); });
        if (batches_.empty() || is_ending()) {
            changed_.notify_all();
            return false;
        }
        --waiting_;
        prefix = std::move(batches_.back());
        batches_.pop_back();
        note_hunger();
        return true;
    }

    void note_hunger() { control_.is_wanted = control_.is_over || waiting_ > static_cast<int>(batches_.size()); }

    void give_away(Prefix prefix) {
        {
            std::lock_guard lock(mutex_);
            batches_.push_back(std::move(prefix));
            note_hunger();
            if (!control_.is_over && !control_.stop) start_workers();
        }
        changed_.notify_all();
    }

    // Records of a batch that goes on. Who takes chunks may be slower than the search, which then waits: of full chunks
    // there are never more than a few.
    void hand_over(Records records) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return chunks_.size() < kMostChunks || control_.stop; });
            chunks_.push_back(std::move(records));
        }
        told_.notify_all();
    }

    // With one-word bitsets; a cell with too many facets for them becomes a unit of its own, which fails on the way to
    // that cell, before anything is found, and is searched with wide ones.
    Result search(const Prefix& prefix) {
        thread_local std::unique_ptr<Searcher> narrow, wide;
        thread_local Run* owner = nullptr;
        if (owner != this) narrow.reset(), wide.reset();
        owner = this;
        if (!narrow) narrow = make_search(network_, options_, control_, false);
        Result result;
        try {
            try {
                narrow->run(prefix, result);
            } catch (const TooManyFacetsError&) {
                result = Result{};
                if (!wide) wide = make_search(network_, options_, control_, true);
                wide->run(prefix, result);
            }
        } catch (const StoppedError&) {
            // What was found so far stays.
        }
        return result;
    }

    void keep(Result result) {
        {
            std::lock_guard lock(mutex_);
            total_.add_figures(result);
            if (result.records.bounded.empty()) return;
            chunks_.push_back(std::move(result.records));
        }
        told_.notify_all();
    }

    template <class Body>
    void guard(Body body) {
        std::string error;
        try {
            body();
        } catch (const std::bad_alloc&) {
            error = "memory";
        } catch (const std::exception& e) {
            error = e.what();
        }
        {
            std::lock_guard lock(mutex_);
            if (!error.empty()) {
                error_ = error;
                control_.stop = true;
            }
            ++ended_;
        }
        changed_.notify_all(), told_.notify_all();
    }

    Network network_;
    const Options options_;
    const int jobs_;
    Control control_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::mutex mutex_;
    std::condition_variable changed_, told_;  // for threads that search or sample, and for who waits for them
    std::vector<Prefix> batches_;  // not yet taken; the last one is taken first
    std::atomic<std::int64_t> cpu_nanoseconds_{0};
    int begun_ = 0, waiting_ = jobs_, ended_ = 0;  // threads; who has not begun waits, and so does who has ended
    Result total_;
    std::deque<Records> chunks_;
    std::string error_;
};

}  // namespace relureg

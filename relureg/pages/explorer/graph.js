// The region graph: neighbours, distances and shortest paths, counted in facets.

class Graph {
  // starts and behind: for each region the regions behind its facets, -1 on the domain's boundary.
  constructor(starts, behind) {
    this.starts = starts;
    this.behind = behind;
    this.count = starts.length - 1;
    this.degrees = new Int32Array(this.count);
    for (let region = 0, k = 0; region < this.count; region += 1) {
      for (; k < starts[region + 1]; k += 1) if (behind[k] >= 0) this.degrees[region] += 1;
    }
  }

  neighbours(region) {
    return Array.from(this.behind.subarray(this.starts[region], this.starts[region + 1])).filter((other) => other >= 0);
  }

  // Steps from a region to each region, -1 where there is no path: a breadth-first search.
  distances(source) {
    const found = new Int32Array(this.count).fill(-1);
    const queue = new Int32Array(this.count);
    found[source] = 0;
    queue[0] = source;
    for (let next = 0, end = 1; next < end; next += 1) {
      const region = queue[next];
      for (let k = this.starts[region]; k < this.starts[region + 1]; k += 1) {
        const other = this.behind[k];
        if (other >= 0 && found[other] < 0) {
          found[other] = found[region] + 1;
          queue[end] = other;
          end += 1;
        }
      }
    }
    return found;
  }

  // The regions of a shortest path, both ends included; empty where there is none.
  path(from, to) {
    const left = this.distances(to);
    if (left[from] < 0) return [];
    const path = [from];
    while (path[path.length - 1] !== to) {
      const here = path[path.length - 1];
      path.push(this.neighbours(here).find((other) => left[other] === left[here] - 1));
    }
    return path;
  }
}

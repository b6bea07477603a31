import { useEffect } from 'react';

/** The tab's title while a page is shown; many tabs are told apart by it. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Vigía`;
    return () => {
      document.title = 'Vigía';
    };
  }, [title]);
}
